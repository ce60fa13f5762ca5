/**
 * Runs the ticker field on virtual timers: keys come at human intervals, answers after 0 to 2 seconds, in any order.
 * Everything random comes from one seeded generator, so that each run is the same.
 */
(() => {
  const NAMES = {
    A: "Agilent Technologies", AA: "Alcoa Corp", AAP: "Advance Auto Parts", AAPL: "Apple Inc.", APA: "APA Corp",
    B: "Barnes Group", BA: "Boeing Co", BAC: "Bank of America Corp", "BRK.B": "Berkshire Hathaway Inc",
    F: "Ford Motor Co", FI: "Fiserv", G: "Genpact", GO: "Grocery Outlet", GOOG: "Alphabet Inc. C", GOOGL: "Alphabet Inc. A",
    K: "Kellanova", KO: "Coca-Cola Co", M: "Macy's", MS: "Morgan Stanley", MSFT: "Microsoft Corp", MSI: "Motorola Solutions",
    N: "Natural", NV: "Novavest", NVDA: "NVIDIA Corp", O: "Realty Income", OF: "Offerpad", T: "AT&T Inc", TS: "Tenaris",
    TSLA: "Tesla, Inc.", V: "Visa Inc", VZ: "Verizon",
  };
  const BY_NAME = { apple: "AAPL", microsoft: "MSFT", "bank of america": "BAC", tesla: "TSLA", boeing: "BA", nvidia: "NVDA" };
  const UNKNOWN = ["ZZZZ", "QQX", "XYZXY"];

  let state = 42;
  const random = () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
  const pick = (list) => list[Math.floor(random() * list.length)];

  let now = 0;
  let nextId = 1;
  const timers = new Map();
  globalThis.setTimeout = (run, ms = 0) => (timers.set(nextId, { run, at: now + ms }), nextId++);
  globalThis.clearTimeout = (id) => timers.delete(id);
  const channel = new MessageChannel();
  const microtasks = () =>
    new Promise((resolve) => {
      channel.port1.onmessage = resolve;
      channel.port2.postMessage(0);
    });
  async function advance(ms) {
    const end = now + ms;
    await microtasks();
    for (;;) {
      const [id, timer] = [...timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
      if (!timer || timer.at > end) break;
      timers.delete(id);
      now = timer.at;
      timer.run();
      await microtasks();
    }
    now = end;
  }

  const tickerOf = (symbol) => ({ symbol, name: NAMES[symbol], exchange: "NYSE" });
  function search(query) {
    const text = query.toLowerCase();
    const isMatch = (symbol) => [symbol, NAMES[symbol]].some((each) => each.toLowerCase().startsWith(text));
    // Longest symbol first: the exact one is never first by accident.
    return Object.keys(NAMES).filter(isMatch).reverse().slice(0, 8).map(tickerOf);
  }
  const validate = (symbol) =>
    NAMES[symbol]
      ? { symbol, valid: true, status: "valid", ticker: tickerOf(symbol), message: "" }
      : { symbol, valid: false, status: "unknown", message: "" };

  const RealRequest = Request;
  globalThis.Request = class extends RealRequest {
    constructor(url, options) {
      super(url, options);
      this.sentBody = options.body;
    }
  };
  const realFetch = fetch;
  globalThis.fetch = (request) => {
    const url = new URL(request.url ?? request, location.href);
    if (!url.pathname.includes("/tickers/")) return realFetch(request);
    const results = url.pathname.endsWith("/search")
      ? search(url.searchParams.get("q"))
      : JSON.parse(request.sentBody).symbols.map(validate);
    return new Promise((resolve, reject) => {
      request.signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      const answer = { ok: true, status: 200, headers: new Headers(), json: async () => ({ results }) };
      setTimeout(() => resolve(answer), random() * 2000);
    });
  };

  const key = (input, name) =>
    input.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  async function type(input, text) {
    for (const character of text) {
      input.value += character;
      input.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await advance(40 + random() * 260);
    }
    key(input, pick(["Enter", "Enter", ",", "Tab"]));
    await advance(random() * 1500);
  }

  function entry(taken) {
    const kind = random();
    let [text, symbol] = kind < 0.15 ? pick(Object.entries(BY_NAME)) : kind < 0.25 ? [pick(UNKNOWN)] : [pick(Object.keys(NAMES))];
    symbol ??= text;
    if (taken.includes(symbol)) return entry(taken);
    return { text: random() < 0.5 ? text.toLowerCase() : text, symbol };
  }

  globalThis.simulation = {
    async run(count) {
      // Nothing here depends on sizes or on the focus, and without layout it takes a third of the time.
      document.documentElement.style.display = "none";
      const input = document.getElementById("ticker");
      const wrong = [];
      let entries = 0;
      while (entries < count) {
        const typed = [];
        for (let i = 0; i < 5; i += 1) typed.push(entry(typed.map(({ symbol }) => symbol)));
        for (const { text } of typed) await type(input, text);
        await advance(10_000);
        const added = [...document.querySelectorAll(".chip .symbol")].map(({ textContent }) => textContent);
        const expected = typed.map(({ symbol }) => symbol);
        if (added.join() !== expected.join()) wrong.push({ typed, added });
        const marked = document.querySelectorAll(".chip.is-wrong").length;
        if (marked !== expected.filter((symbol) => UNKNOWN.includes(symbol)).length) wrong.push({ typed, marked });
        entries += typed.length;
        while (document.querySelector(".chip")) key(input, "Backspace");
        input.value = "";
        await advance(100);
      }
      return { entries, wrong };
    },
  };
})();
