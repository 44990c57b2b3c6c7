// The part of a channel's messages that is in the document: at most a few hundred, however many
// there are.

const SHOWN = 120; // at the end
const STEP = 50; // added at an edge
const MOST = 240;

export class MessageWindow {
  constructor() {
    this.messages = [];
    this.follow();
  }

  /** Shows the newest messages, now and as they arrive. */
  follow() {
    this.first = null; // id of the first message shown; null: `SHOWN` before the end
    this.last = null; // id of the last message shown; null: the newest
  }

  /** Whether the newest message is shown. */
  get isAtEnd() {
    return this.last === null;
  }

  /** Keeps the first message shown while new ones arrive. */
  hold() {
    if (this.first === null) this.first = this.messages[this.start()]?.id ?? null;
  }

  /** Returns the messages to show of those of a channel, oldest first. */
  slice(messages) {
    this.messages = messages;
    const start = this.start();
    if (this.last === null && this.first !== null && messages.length - start > MOST) {
      this.last = messages[start + MOST - 1].id; // many arrived while someone reads above
    }
    return messages.slice(start, this.end());
  }

  start() {
    const found = this.first === null ? -1 : this.indexOf(this.first);
    return found < 0 ? Math.max(0, this.end() - SHOWN) : found;
  }

  end() {
    const found = this.last === null ? -1 : this.indexOf(this.last);
    return found < 0 ? this.messages.length : found + 1;
  }

  indexOf(id) {
    return this.messages.findIndex((message) => message.id === id);
  }

  /** Whether there are older messages to show. */
  extendsUp() {
    return this.start() > 0;
  }

  extendUp() {
    const start = Math.max(0, this.start() - STEP);
    this.show(start, Math.min(this.end(), start + MOST));
  }

  extendDown() {
    const end = Math.min(this.messages.length, this.end() + STEP);
    this.show(Math.max(this.start(), end - MOST), end);
  }

  /** @returns {boolean} Whether there is such a message; then it is among those shown. */
  showAround(id) {
    const at = this.indexOf(id);
    if (at < 0) return false;
    this.show(Math.max(0, at - STEP), Math.min(this.messages.length, at + STEP));
    return true;
  }

  show(start, end) {
    this.first = this.messages[start]?.id ?? null;
    this.last = end >= this.messages.length ? null : this.messages[end - 1].id;
  }
}
