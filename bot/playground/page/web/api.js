// The playground's API for one member: fetch calls, uploads and the live socket.

const BASE = "/_playground";
const ANSWER_DUE = 10_000;

/** An error response. `code` is Discord's error code, if any. */
export class ApiError extends Error {
  constructor(status, body) {
    super(sentence(status, body ?? {}));
    this.name = "ApiError";
    this.status = status;
    this.code = body?.code ?? 0;
    this.body = body ?? {};
  }
}

/** The error as a sentence for the member. */
function sentence(status, body) {
  const detail = firstDetail(body.errors) ?? body.message;
  if (status === 0) return "The playground cannot be reached. Is it still running?";
  if (status === 413 || body.code === 40005) {
    return "That is larger than this server accepts: 10 MiB for each file, 25 MiB for a message.";
  }
  if (status === 429) {
    const seconds = Math.max(1, Math.ceil(Number(body.retry_after) || 1));
    return `That was a little fast. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
  }
  if (body.code === 50013) return "You do not have the permission to do that here.";
  if (body.code === 50006)
    return "An empty message cannot be sent: write something or add a picture.";
  if (status >= 500) return `The playground failed (${status}). Try again in a moment.`;
  return detail ? `That was refused: ${detail}` : `That was refused (${status}).`;
}

/**
 * The first reason of a 50035, which Discord nests under the field's path.
 */
function firstDetail(errors) {
  if (!errors || typeof errors !== "object") return null;
  if (Array.isArray(errors._errors)) return errors._errors[0]?.message ?? null;
  for (const inner of Object.values(errors)) {
    const found = firstDetail(inner);
    if (found) return found;
  }
  return null;
}

export class Api {
  /** @param {() => string} as Returns the id of the acting member. */
  constructor(as) {
    this.as = as;
    this.sentAt = new Map(); // Time of each sent command or modal, by name.
  }

  url(path) {
    const url = new URL(BASE + path, location.href);
    const member = this.as();
    if (member) url.searchParams.set("as", member);
    return url;
  }

  async call(method, path, body) {
    const options = { method, headers: {}, signal: AbortSignal.timeout(20_000) };
    if (body instanceof FormData) options.body = body;
    else if (body !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await fetch(this.url(path), options);
    } catch {
      throw new ApiError(0, null);
    }
    const answer = await readJson(response);
    if (!response.ok) throw new ApiError(response.status, answer);
    return answer;
  }

  state() {
    return this.call("GET", "/state");
  }

  /** The messages before one, newest first. */
  older(channelId, before, limit) {
    const query = new URLSearchParams({ before, limit });
    return this.call("GET", `/channels/${channelId}/messages?${query}`);
  }

  setRole(userId, roleId, on) {
    return this.call(on ? "PUT" : "DELETE", `/members/${userId}/roles/${roleId}`);
  }

  deleteMessage(message) {
    return this.call("DELETE", `/channels/${message.channel_id}/messages/${message.id}`);
  }

  react(message, emoji, on) {
    const key = encodeURIComponent(emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);
    const path = `/channels/${message.channel_id}/messages/${message.id}/reactions/${key}`;
    return this.call(on ? "PUT" : "DELETE", path);
  }

  typing(channelId) {
    return this.call("POST", `/channels/${channelId}/typing`);
  }

  addMember(name) {
    return this.call("POST", "/members", { name });
  }

  faults(changes) {
    return changes ? this.call("POST", "/faults", changes) : this.call("GET", "/faults");
  }

  /** Sends an interaction; `files` are referred to by index from attachment options. */
  interact(payload, files = []) {
    if (payload.type === 2 || payload.type === 5) {
      this.sentAt.set(payload.name ?? payload.custom_id, Date.now());
    }
    if (!files.length) return this.call("POST", "/interactions", payload);
    const form = new FormData();
    form.append("payload_json", JSON.stringify(payload));
    files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
    return this.call("POST", "/interactions", form);
  }

  /** Whether this page sent that command or modal just now. */
  expects(name) {
    const when = this.sentAt.get(name) ?? 0;
    this.sentAt.delete(name);
    return Date.now() - when < ANSWER_DUE;
  }

  /**
   * Posts a message with its files.
   *
   * Uses XMLHttpRequest, because fetch does not report upload progress.
   * @returns {{done: Promise<object>, abort: () => void}}
   */
  post(channelId, payload, files, onprogress) {
    const form = new FormData();
    form.append("payload_json", JSON.stringify(payload));
    files.forEach((file, index) =>
      form.append(`files[${index}]`, file, payload.attachments[index].filename),
    );
    const request = new XMLHttpRequest();
    const done = new Promise((resolve, reject) => {
      request.open("POST", this.url(`/channels/${channelId}/messages`));
      request.timeout = 120_000;
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) onprogress(event.loaded / event.total);
      };
      request.onload = () => {
        const body = parseJson(request.responseText);
        if (request.status >= 200 && request.status < 300) resolve(body);
        else reject(new ApiError(request.status, body));
      };
      request.onerror = request.ontimeout = () => reject(new ApiError(0, null));
      request.onabort = () => reject(new DOMException("The upload was cancelled", "AbortError"));
      request.send(form);
    });
    return { done, abort: () => request.abort() };
  }
}

async function readJson(response) {
  return parseJson(await response.text());
}

function parseJson(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // Not JSON, such as a proxy's error page: the status is enough.
  }
}

const FIRST_DELAY = 400;
const LONGEST_DELAY = 8000;

/** The live socket: reconnects with increasing delays and reports its status. */
export class Live {
  /**
   * @param {object} handlers `open()` after every (re)connection, `event({t, d})`, `status(word)`
   *   with "connecting", "online" or "offline".
   */
  constructor(api, handlers) {
    this.api = api;
    this.handlers = handlers;
    this.delay = FIRST_DELAY;
    this.socket = null;
    this.timer = null;
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.retryNow();
    });
  }

  connect() {
    this.close();
    const url = this.api.url("/live");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.handlers.status("connecting");
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.delay = FIRST_DELAY;
      this.handlers.open();
    };
    socket.onmessage = (message) => {
      const event = this.socket === socket ? parseJson(message.data) : null;
      if (event) this.handlers.event(event);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.handlers.status("offline");
      this.timer = setTimeout(() => this.connect(), this.delay);
      this.delay = Math.min(LONGEST_DELAY, this.delay * 2);
    };
  }

  retryNow() {
    if (!this.socket && this.timer) this.connect();
  }

  close() {
    clearTimeout(this.timer);
    this.timer = null;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }
}
