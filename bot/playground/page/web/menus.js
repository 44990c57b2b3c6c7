// Floating menus, pickers and option lists. One is open at a time.

import { h, icon } from "./dom.js";

let current = null;

/** Closes the floating element and returns the focus to its opener. */
export function closeFloating() {
  current?.close();
}

/**
 * Shows `content` beside an element, or at a point, keeping it inside the window.
 *
 * @param {Element | {x: number, y: number}} anchor
 * @param {{placement?: "above" | "below", align?: "start" | "end", onclose?: () => void, width?:
 *   number, focus?: boolean}} options
 * @returns {{close: () => void, element: HTMLElement, place: () => void}}
 */
export function float(anchor, content, options = {}) {
  closeFloating();
  const { placement = "below", align = "start", onclose, width, focus = true } = options;
  const opener = document.activeElement;
  // The top layer is above open dialogs too.
  const element = h(
    "div",
    { class: "floating", popover: "manual", style: { width: width ? `${width}px` : null } },
    content,
  );
  (document.querySelector("dialog[open]") ?? document.querySelector("main")).append(element);
  element.showPopover();

  const place = () => {
    const box = element.getBoundingClientRect();
    const at =
      anchor instanceof Element
        ? anchor.getBoundingClientRect()
        : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
    const gap = anchor instanceof Element ? 6 : 2;
    const below = at.bottom + gap;
    const above = at.top - gap - box.height;
    const fits = placement === "below" ? below + box.height <= innerHeight - 8 : above >= 8;
    const y = (placement === "below") === fits ? below : above;
    const x = align === "end" ? at.right - box.width : at.left;
    element.style.left = `${Math.max(8, Math.min(x, innerWidth - box.width - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(y, innerHeight - box.height - 8))}px`;
  };

  const onPointer = (event) => {
    const onAnchor = anchor instanceof Element && anchor.contains(event.target);
    if (!element.contains(event.target) && !onAnchor) handle.close();
  };
  const onKey = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    handle.close();
  };
  const onResize = () => handle.close();
  const handle = {
    element,
    place,
    close: () => {
      if (current !== handle) return;
      current = null;
      removeEventListener("pointerdown", onPointer, true);
      removeEventListener("keydown", onKey, true);
      removeEventListener("resize", onResize);
      const hadFocus = element.contains(document.activeElement);
      element.remove();
      if (hadFocus && opener?.isConnected) opener.focus({ preventScroll: true });
      onclose?.();
    },
  };
  current = handle;
  addEventListener("pointerdown", onPointer, true);
  addEventListener("keydown", onKey, true);
  addEventListener("resize", onResize);
  place();
  if (focus)
    element
      .querySelector("[autofocus], [role^=menuitem], button, input")
      ?.focus({ preventScroll: true });
  return handle;
}

/**
 * A menu of actions. Items: `{label, icon?, hint?, danger?, checked?, run}`, `{href, label}`,
 *   `{heading}` or `"-"`.
 */
export function openMenu(anchor, items, options = {}) {
  const menu = h(
    "div",
    { class: "menu", role: "menu", "aria-label": options.label ?? "Menu" },
    items.filter(Boolean).map((item) => {
      if (item === "-") return h("hr", { role: "separator" });
      if (item.heading)
        return h("div", { class: "menu-heading", role: "presentation" }, item.heading);
      const inside = [
        item.lead ?? (item.icon && icon(item.icon, 18)),
        h("span", { class: "menu-words" }, item.label, item.hint && h("small", {}, item.hint)),
        item.checked && icon("check", 18),
      ];
      const props = {
        class: item.danger ? "menu-item danger" : "menu-item",
        tabindex: "-1",
        role: item.checked === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": item.checked === undefined ? null : String(item.checked),
      };
      if (item.href)
        return h(
          "a",
          {
            ...props,
            href: item.href,
            target: "_blank",
            rel: "noopener",
            onclick: () => closeFloating(),
          },
          inside,
        );
      return h(
        "button",
        {
          ...props,
          type: "button",
          onclick: () => {
            closeFloating();
            item.run();
          },
        },
        inside,
      );
    }),
  );
  menu.addEventListener("keydown", (event) =>
    roam(event, [...menu.querySelectorAll(".menu-item")]),
  );
  return float(anchor, menu, options);
}

/** Arrow keys, Home, End and first letters among focusable elements. */
export function roam(event, elements, { columns = 1 } = {}) {
  if (!elements.length) return;
  const at = elements.indexOf(document.activeElement);
  const steps = { ArrowDown: columns, ArrowUp: -columns };
  if (columns > 1) Object.assign(steps, { ArrowRight: 1, ArrowLeft: -1 });
  let next = null;
  if (event.key in steps)
    next =
      columns > 1
        ? Math.max(0, Math.min(elements.length - 1, at + steps[event.key]))
        : (at + steps[event.key] + elements.length) % elements.length;
  else if (event.key === "Home") next = 0;
  else if (event.key === "End") next = elements.length - 1;
  else if (
    columns === 1 &&
    event.key.length === 1 &&
    /\S/.test(event.key) &&
    !event.ctrlKey &&
    !event.metaKey
  ) {
    const letter = event.key.toLowerCase();
    const order = [...elements.slice(at + 1), ...elements.slice(0, at + 1)];
    next = elements.indexOf(
      order.find((element) => element.textContent.trim().toLowerCase().startsWith(letter)),
    );
    if (next < 0) return;
  }
  if (next === null) return;
  event.preventDefault();
  elements[next].focus();
}
