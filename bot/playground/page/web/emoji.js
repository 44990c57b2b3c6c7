// Emoji: a set with searchable names, custom emoji, and the picker.

import { h } from "./dom.js";
import { float, roam } from "./menus.js";
import { customEmoji } from "./markdown.js";

// Each group: "emoji names; emoji names; …".
const GROUPS = {
  "Art and pictures": `🎨 art palette paint; 🖼️ frame framed_picture; 🖌️ paintbrush; 🖍️ crayon; ✏️ pencil; 🖋️ pen ink; 📷 camera;
    📸 camera_flash; 🎞️ film time_lapse; 🌊 wave ocean; 🌌 milky_way starry night; 🌃 night_stars; 🌅 sunrise; 🌄 mountains dawn; 🏞️ park;
    🌻 sunflower; 🪟 window stained_glass; 🧩 mosaic jigsaw; 🪵 wood woodcut; 📰 newspaper halftone; 🫧 bubbles pointillism; 💧 drop watercolour;
    🌈 rainbow; ✨ sparkles; 🌟 star glowing; ⭐ star; 🔥 fire; ❄️ snowflake; 🍂 leaves autumn; 🌸 blossom; 🌿 herb; 🗿 moai stone; 🏺 amphora;
    🎭 masks theatre; 🧵 thread; 🪡 needle embroidery; 🧶 yarn; 💎 gem; 🔷 blue_diamond; 🟥 red_square; 🟦 blue_square; 🟨 yellow_square`,
  Smileys: `😀 grinning; 😄 smile happy; 😁 grin; 😂 joy laughing; 🤣 rofl; 😊 blush; 🙂 slight_smile; 🙃 upside_down; 😉 wink; 😍 heart_eyes;
    🥰 adore; 😘 kiss; 😎 cool sunglasses; 🤩 star_struck; 🥳 party; 😋 yum; 😜 tongue; 🤔 thinking; 🤨 eyebrow; 😐 neutral; 😶 speechless;
    🙄 eye_roll; 😏 smirk; 😴 sleeping; 😮 wow open_mouth; 😲 astonished; 😳 flushed; 🥺 pleading; 😢 cry; 😭 sob; 😤 huff; 😡 angry;
    🤯 mind_blown; 😱 scream; 😅 sweat_smile; 🤗 hug; 🫡 salute; 🤫 shush; 🤝 handshake; 🫠 melting; 🥲 smiling_tear; 😬 grimace; 🤖 robot; 👻 ghost; 💀 skull; 🤡 clown`,
  "Hands and hearts": `👍 thumbs_up yes +1; 👎 thumbs_down no -1; 👏 clap; 🙌 hooray raised_hands; 🙏 thanks please; 👋 wave hello; 🤞 fingers_crossed;
    ✌️ peace victory; 👌 ok; 🤌 pinched; 💪 strong muscle; 👀 eyes look; 🫶 heart_hands; ❤️ heart red; 🧡 orange_heart; 💛 yellow_heart;
    💚 green_heart; 💙 blue_heart; 💜 purple_heart; 🖤 black_heart; 🤍 white_heart; 💔 broken_heart; 💯 hundred; 💥 boom; 🎉 tada celebrate;
    🎊 confetti; 🏆 trophy; 🥇 gold first; 🚀 rocket; ⚡ lightning zap; 💡 idea bulb; 🎁 gift`,
  "Animals and food": `🐶 dog; 🐱 cat; 🦊 fox; 🐻 bear; 🐼 panda; 🐸 frog; 🐵 monkey; 🦉 owl; 🐧 penguin; 🦋 butterfly; 🐝 bee; 🐢 turtle; 🐙 octopus;
    🐳 whale; 🦄 unicorn; 🌵 cactus; 🌲 tree; 🍀 clover luck; 🍄 mushroom; 🍎 apple; 🍋 lemon; 🍓 strawberry; 🥑 avocado; 🍕 pizza; 🍔 burger;
    🍩 doughnut; 🍪 cookie; 🎂 cake; ☕ coffee; 🍵 tea; 🍻 cheers`,
  Signs: `✅ check done; ❌ cross no; ❓ question; ❗ exclamation; ⚠️ warning; 🚫 forbidden; ➕ plus; ➖ minus; ➡️ right; ⬅️ left; ⬆️ up; ⬇️ down;
    🔁 repeat again; 🔄 refresh; 🔀 shuffle swap; ⏸️ pause; ▶️ play; ⏹️ stop; ⏳ hourglass wait; ⏱️ stopwatch; 🔍 search; 🔗 link; 📌 pin; 📎 paperclip;
    🗑️ bin delete; 🔒 lock; 🔔 bell; 💬 speech; 🆕 new; 🆗 okay; 🔴 red; 🟠 orange; 🟡 yellow; 🟢 green; 🔵 blue; 🟣 purple; ⚫ black; ⚪ white;
    1️⃣ one; 2️⃣ two; 3️⃣ three; 4️⃣ four; 5️⃣ five; 6️⃣ six; 7️⃣ seven; 8️⃣ eight; 9️⃣ nine; 🔟 ten; 0️⃣ zero`,
};

const groups = Object.entries(GROUPS).map(([title, list]) => ({
  title,
  emoji: list.split(";").map((entry) => {
    const [character, ...names] = entry.trim().split(/\s+/);
    return { name: character, names };
  }),
}));

export const QUICK = ["👍", "❤️", "🎨", "😂"];

/** Unicode emoji whose names start with, then contain, the typed text. */
export function searchEmoji(text, guildEmoji = []) {
  const needle = text.toLowerCase();
  const all = [
    ...guildEmoji.map((emoji) => ({ ...emoji, names: [emoji.name] })),
    ...groups.flatMap((group) => group.emoji),
  ];
  const rank = (emoji) => {
    const places = emoji.names
      .map((name) => name.toLowerCase().indexOf(needle))
      .filter((place) => place >= 0);
    return places.length ? Math.min(...places) : Infinity;
  };
  return all
    .map((emoji) => [rank(emoji), emoji])
    .filter(([at]) => at < Infinity)
    .sort((a, b) => a[0] - b[0])
    .map(([, emoji]) => emoji);
}

/** A Unicode or custom emoji as a node. */
export function emojiNode(emoji) {
  return emoji.id ? customEmoji(emoji) : h("span", { class: "emoji-character" }, emoji.name ?? "");
}

/** Opens the picker; `choose` gets `{id?, name, animated?}`. */
export function pickEmoji(anchor, guildEmoji, choose, options = {}) {
  const results = h("div", { class: "emoji-results" });
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: "Find an emoji",
    "aria-label": "Find an emoji",
    autofocus: true,
    autocomplete: "off",
    oninput: () => draw(search.value.trim()),
  });
  const cell = (emoji) =>
    h(
      "button",
      {
        type: "button",
        class: "emoji-cell",
        tabindex: "-1",
        title: emoji.names?.[0] ?? emoji.name,
        "aria-label": (emoji.names?.[0] ?? emoji.name).replaceAll("_", " "),
        onclick: () => {
          handle.close();
          choose({ id: emoji.id ?? null, name: emoji.name, animated: emoji.animated });
        },
      },
      emojiNode(emoji),
    );
  const section = (title, emoji) =>
    h(
      "section",
      { "aria-label": title },
      h("h3", {}, title),
      h("div", { class: "emoji-grid" }, emoji.map(cell)),
    );

  function draw(text) {
    results.replaceChildren();
    if (text) {
      const found = searchEmoji(text, guildEmoji).slice(0, 63);
      results.append(
        found.length
          ? section("Found", found)
          : h("p", { class: "quiet" }, "Nothing of that name."),
      );
      return;
    }
    if (guildEmoji.length) results.append(section("This guild's own", guildEmoji));
    for (const group of groups) results.append(section(group.title, group.emoji));
  }

  const picker = h(
    "div",
    { class: "emoji-picker", role: "dialog", "aria-label": "Emoji" },
    search,
    results,
  );
  picker.addEventListener("keydown", (event) => {
    const cells = [...results.querySelectorAll(".emoji-cell")];
    if (event.target === search) {
      if (event.key === "Enter") {
        event.preventDefault(); // The focus returns to the opener, which would handle the key too.
        cells[0]?.click();
      }
      if (event.key === "ArrowDown") {
        event.preventDefault();
        cells[0]?.focus();
      }
      return;
    }
    const columns = Math.max(1, Math.floor(results.clientWidth / 40));
    roam(event, cells, { columns });
  });
  draw("");
  const handle = float(anchor, picker, { placement: "above", align: "end", ...options });
  return handle;
}
