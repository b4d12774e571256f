// Live updates, countdowns and keys. Every page works without this file; nothing here decides
// anything, and nothing that comes from a request is ever put into the page as markup of its own:
// pages are fetched whole from the server, which escapes them, and exchanged part by part.
"use strict";
(() => {
  const root = document.documentElement;
  const SETTLE = 500; // a card that has just appeared ignores clicks for so many milliseconds
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ── time ────────────────────────────────────────────────────────────────────────────────────
  let ahead = Number(root.dataset.now) - Date.now();
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const span = (seconds) => {
    const first = units.findIndex(([size]) => seconds >= size);
    if (first < 0) return "0 s";
    const shown = first === 2 && seconds >= 600 ? 1 : 2;
    let left = seconds;
    return units.slice(first, first + shown).map(([size, unit]) => {
      const number = Math.floor(left / size);
      left %= size;
      return number > 0 ? `${number} ${unit}` : "";
    }).filter(Boolean).join(" ");
  };
  const tick = () => {
    const now = Date.now() + ahead;
    for (const time of all("[data-countdown]")) {
      const left = Math.ceil((Date.parse(time.dateTime) - now) / 1000);
      if (Number.isNaN(left)) continue;
      const words = left > 0 ? `${span(left)} left` : "over";
      if (time.textContent !== words) time.textContent = words;
      time.parentElement.classList.toggle("soon", left > 0 && left < 300);
      time.parentElement.classList.toggle("over", left <= 0);
    }
  };
  setInterval(tick, 1000);

  // ── clicks that come too early ──────────────────────────────────────────────────────────────
  const born = new WeakMap();
  const settle = (element) => born.set(element, performance.now());
  const tooEarly = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (performance.now() - (born.get(at) ?? -SETTLE) < SETTLE) return true;
    }
    return false;
  };
  const hold = (event) => {
    if (!tooEarly(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("click", hold, true);
  document.addEventListener("submit", hold, true);
  const guard = (within) => {
    for (const button of all("[data-guard]", within)) {
      settle(button);
      button.classList.add("held");
      setTimeout(() => button.classList.remove("held"), SETTLE);
    }
  };

  // ── exchanging parts of the page ────────────────────────────────────────────────────────────
  const announce = (words) => { document.getElementById("arrivals").textContent = words; };
  const load = async (url) => {
    const response = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin", redirect: "manual" });
    if (!response.ok) throw new Error(String(response.status));
    return new DOMParser().parseFromString(await response.text(), "text/html");
  };
  const sameParts = (here, there) => {
    const plain = (node) => {
      const copy = node.cloneNode(true);
      for (const time of all("time", copy)) time.textContent = "";
      for (const held of all(".held, .arrived, .current", copy)) held.classList.remove("held", "arrived", "current");
      for (const marked of all('[class=""]', copy)) marked.removeAttribute("class");
      return copy.innerHTML;
    };
    return plain(here) === plain(there);
  };
  const keepOpen = (here, there) => {
    const open = all("details", here).map((details) => details.open);
    all("details", there).forEach((details, at) => { if (open[at]) details.open = true; });
  };
  const exchange = (here, there) => {
    const focused = here.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
    const before = new Set(all("[data-card]", here).map((card) => `${card.id} ${card.dataset.version}`));
    keepOpen(here, there);
    const fresh = document.adoptNode(there);
    here.replaceWith(fresh);
    if (fresh.hasAttribute("data-list")) arrivals(fresh, before);
    if (focused) (document.getElementById(focused)?.querySelector("a.open") ?? document.getElementById(focused))?.focus({ preventScroll: true });
  };
  const arrivals = (list, before) => {
    const fresh = all("[data-card]", list).filter((card) => !before.has(`${card.id} ${card.dataset.version}`));
    for (const card of all("[data-card]", list)) settle(card); // the list has moved under the pointer
    for (const card of fresh) card.classList.add("arrived");
    const [first] = fresh;
    if (!first) return;
    const tool = first.querySelector("h2").textContent;
    announce(fresh.length === 1 ? `New request: ${tool}` : `${fresh.length} new requests`);
  };
  /** Whether the person is in the middle of an answer that must not be taken from them. */
  const writing = (part) => part.hasAttribute("data-answer") && part.dataset.step !== "choose" && part.querySelector("form[data-answering]");
  const refresh = async () => {
    const fresh = await load(location.href);
    const [here, there] = [document.querySelector("[data-request]"), fresh.querySelector("[data-request]")];
    if (here && there && here.dataset.version !== there.dataset.version && !document.querySelector("form[data-answering]")) {
      location.reload();
      return;
    }
    for (const part of all("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (!now || sameParts(part, now)) continue;
      if (part.id === "live-status") continue;
      if (writing(part) && there && there.dataset.state === here.dataset.state) {
        if (there.dataset.version !== here.dataset.version) changedMeanwhile(part);
        continue;
      }
      if (part.hasAttribute("data-answer")) announceOutcome(here, there);
      exchange(part, now);
    }
    if (here && there) here.dataset.state = there.dataset.state;
    ahead = Number(fresh.documentElement.dataset.now) - Date.now();
    document.title = fresh.title;
    tick();
  };
  const announceOutcome = (here, there) => {
    if (!here || !there || here.dataset.state === there.dataset.state) return;
    const words = there.querySelector("#outcome")?.textContent || there.querySelector(".badge-state")?.textContent;
    announce(words ?? "The request has changed");
  };
  const changedMeanwhile = (part) => {
    if (part.querySelector("#meanwhile")) return;
    const note = Object.assign(document.createElement("p"), { id: "meanwhile", className: "error", textContent: "Somebody edited this request. Go back to see the new version; what you wrote here is for the old one." });
    note.setAttribute("role", "alert");
    part.querySelector("form").prepend(note);
  };

  // ── the stream ──────────────────────────────────────────────────────────────────────────────
  let waiting = null;
  let failures = 0;
  const soon = () => {
    waiting ??= setTimeout(async () => {
      try {
        await refresh();
        failures = 0;
      } catch {
        failures += 1;
        if (failures < 6) setTimeout(soon, 1000 * failures);
      } finally {
        waiting = null;
      }
    }, 120);
  };
  const live = (on) => {
    const status = document.getElementById("live-status");
    if (!status) return;
    status.classList.toggle("live", on);
    status.querySelector(".words").textContent = on ? "Live" : "Not live: reconnecting";
  };
  /** A login that is over leads to the sign-in page, unless something half written would be lost. */
  const signedOut = async () => {
    const response = await fetch(location.href, { redirect: "manual" }).catch(() => null);
    if (response?.type === "opaqueredirect" && !document.querySelector("form[data-answering]")) location.reload();
  };
  const connect = () => {
    if (!document.querySelector("[data-live]:not(#live-status):not(#open-count)")) return;
    const stream = new EventSource("/live");
    stream.addEventListener("open", () => { live(true); soon(); });
    stream.addEventListener("error", () => {
      live(false);
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(connect, 3000);
      signedOut();
    });
    stream.addEventListener("change", (event) => {
      const shown = document.querySelector("[data-request]");
      if (!shown || event.data === shown.dataset.request) soon();
    });
    stream.addEventListener("resync", soon);
    addEventListener("pagehide", () => stream.close());
  };

  // ── steps of an answer, without loading the page again ──────────────────────────────────────
  const step = async (url) => {
    const fresh = await load(url);
    const [here, there] = [document.querySelector("[data-request]"), fresh.querySelector("[data-request]")];
    if (!there || there.dataset.version !== here.dataset.version || there.dataset.state !== here.dataset.state) {
      location.assign(url);
      return;
    }
    const panel = document.adoptNode(fresh.getElementById("answer"));
    document.getElementById("answer").replaceWith(panel);
    guard(panel);
    (panel.querySelector("[data-focus]") ?? panel.querySelector("[autofocus]"))?.focus({ preventScroll: true });
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-swap]")) {
      event.preventDefault();
      const url = new URL(form.action);
      url.search = new URLSearchParams([[event.submitter.name, event.submitter.value]]);
      step(url.href).catch(() => location.assign(url));
    } else if (form.matches("[data-answering]")) {
      // The same form is never sent twice by a double click.
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-swap-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    step(link.href).catch(() => location.assign(link.href));
  });
  addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });

  // ── keys ────────────────────────────────────────────────────────────────────────────────────
  const keys = document.getElementById("keys");
  const move = (by) => {
    const links = all("[data-card] a.open");
    if (links.length === 0) return;
    const at = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
  };
  const press = (key) => {
    const button = document.querySelector(`[data-key="${key}"]`);
    if (button && !tooEarly(button)) button.click();
  };
  const actions = {
    j: () => move(1), k: () => move(-1),
    a: () => press("a"), r: () => press("r"), e: () => press("e"),
    g: () => location.assign("/"),
    "?": () => keys?.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      typing.form?.requestSubmit();
      event.preventDefault();
      return;
    }
    if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey || keys?.open) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  for (const button of all("[data-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => keys.showModal());
  }
  document.addEventListener("click", (event) => {
    for (const menu of all("details.me[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // What was just done is told once.
  const here = new URL(location.href);
  if (here.searchParams.has("done")) {
    here.searchParams.delete("done");
    history.replaceState(null, "", here);
  }
  guard(document);
  tick();
  connect();
})();
