/* Proves to the reader that an entry stands in the log: it fetches the log's own files, computes every hash up to the
   root (RFC 6962 §2.1, C2SP tlog-tiles) and checks the signature of the checkpoint (C2SP signed-note, Ed25519), with
   nothing but the browser's WebCrypto. Each step is written down; “verified” only after all of them held. Nothing that
   the page says is believed: its own text of the entry is compared with the log's. */
"use strict";

(() => {
  const WIDTH = 256, HASH_BYTES = 32, LEVEL_BITS = 8, ED25519 = 1, KEY_ID_BYTES = 4, SIGNATURE_BYTES = 64;
  const FILE_BYTES_MAX = WIDTH * (2 + 65535), NOTE_BYTES_MAX = 256 * 1024;
  const GLYPHS = { good: "✓", wrong: "✗", open: "?" };
  const TONES = { good: "registered", wrong: "wrong", open: "attention" };
  const proof = document.getElementById("proof");
  const steps = document.getElementById("proof-steps");
  const verdict = document.getElementById("proof-verdict");
  const form = document.getElementById("proof-key");
  const words = document.getElementById("proof-words").content;
  const index = Number(proof.dataset.index);

  // What does not hold, in a sentence for the reader; any other error is a mistake of this script.
  class Refused extends Error {}

  const word = (name, values = {}) => words.querySelector(`[data-word="${name}"]`).textContent
    .replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const refuse = (name, values) => { throw new Refused(word(name, values)); };
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

  const step = (kind, said, shown = "") => {
    const item = document.createElement("li");
    const glyph = document.createElement("span");
    item.className = `proof-${kind}`;
    glyph.className = "glyph";
    glyph.setAttribute("aria-hidden", "true");
    glyph.textContent = GLYPHS[kind];
    item.append(glyph, said);
    if (shown) {
      const code = document.createElement("code");
      code.textContent = shown;
      item.append(code);
    }
    steps.append(item);
  };

  const conclude = (kind, title, text) => {
    const first = document.createElement("strong");
    first.textContent = `${GLYPHS[kind]} ${title}`;
    proof.className = `answer answer-${TONES[kind]}`;
    proof.dataset.outcome = kind;
    verdict.replaceChildren(first, " ", text);
  };

  // Bytes.

  const equal = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
  const utf8 = (text) => new TextEncoder().encode(text);
  const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const sha256 = async (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  };
  const leafHash = (leaf) => sha256([0], leaf);
  const nodeHash = (left, right) => sha256([1], left, right);

  // Files of the log; never from a cache: what counts is what is served now. null: it is not there.

  const read = async (path, bytesMax) => {
    try {
      const answer = await fetch(proof.dataset.files + path,
        { cache: "no-store", credentials: "omit", redirect: "error" });
      if (answer.status === 404) return null;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (answer.ok && bytes.length <= bytesMax) return bytes;
    } catch { /* the sentence below says it */ }
    return refuse("unreachable", { path });
  };

  const tilePath = (level, tile, width) => {
    const parts = [String(tile % 1000).padStart(3, "0")];
    for (let rest = Math.floor(tile / 1000); rest > 0; rest = Math.floor(rest / 1000))
      parts.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
    return `tile/${level}/${parts.join("/")}${width === WIDTH ? "" : `.p/${width}`}`;
  };

  // A partial tile goes when its full one is published: what it held is the beginning of that.
  const readTile = async (level, tile, width) => {
    for (const there of new Set([width, WIDTH])) {
      const path = tilePath(level, tile, there);
      const bytes = await read(path, FILE_BYTES_MAX);
      if (bytes !== null) return { path, bytes, width: there };
    }
    return refuse("missing", { path: tilePath(level, tile, width) });
  };

  // The checkpoint: origin, size and root, an empty line, signatures.

  const readCheckpoint = async () => {
    const bytes = await read("checkpoint", NOTE_BYTES_MAX) ?? refuse("missing", { path: "checkpoint" });
    const note = new TextDecoder().decode(bytes);
    const [, text, signatures] = /^([^]*\n)\n([^]*)$/.exec(note) ?? [, "", ""];
    const [origin, size, root] = text.split("\n");
    if (!/^(0|[1-9]\d{0,14})$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root))
      refuse("damaged", { path: "checkpoint" });
    return { text, origin, size: Number(size), root: fromBase64(root), signatures: signatures.split("\n") };
  };

  // A verifier key reads NAME+ID+BASE64; the id is the beginning of a hash of name, kind and key.
  const readKey = async (text) => {
    const found = /^([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text) ?? refuse("bad_key");
    const raw = fromBase64(found[3]);
    const id = (await sha256(utf8(`${found[1]}\n`), raw)).slice(0, KEY_ID_BYTES);
    if (raw[0] !== ED25519 || hex(id) !== found[2]) refuse("bad_key");
    return { name: found[1], id, raw: raw.slice(1) };
  };

  // Whether the key signed it; null where this browser knows no Ed25519.
  const isSigned = async (checkpoint, key) => {
    let imported;
    try {
      imported = await crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      return error.name === "NotSupportedError" ? null : refuse("bad_key");
    }
    for (const line of checkpoint.signatures) {
      const found = /^— (\S+) ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(line);
      const blob = found && found[1] === key.name ? fromBase64(found[2]) : [];
      if (blob.length === KEY_ID_BYTES + SIGNATURE_BYTES && equal(blob.slice(0, KEY_ID_BYTES), key.id)
          && await crypto.subtle.verify("Ed25519", imported, blob.slice(KEY_ID_BYTES), utf8(checkpoint.text)))
        return true;
    }
    return false;
  };

  // The entry, out of its bundle: each leaf stands after its length in two bytes.
  const readLeaf = async (size) => {
    const tile = Math.floor(index / WIDTH);
    const { path, bytes, width } = await readTile("entries", tile, Math.min(WIDTH, size - tile * WIDTH));
    let at = 0, leaf = null;
    for (let number = 0; number < width; number++) {
      const end = at + 2 + bytes[at] * 256 + bytes[at + 1];
      if (!(end <= bytes.length)) refuse("damaged", { path });
      if (number === index % WIDTH) leaf = bytes.slice(at + 2, end);
      at = end;
    }
    return at === bytes.length ? { path, leaf } : refuse("damaged", { path });
  };

  // The tree, from its tiles. A part is the root over the leaves from start to before end, and the files it is made of.

  const heightOver = (count) => { // the least height of a tree with so many leaves
    let height = 0;
    while (2 ** height < count) height++;
    return height;
  };
  const middleOf = (start, end) => start + 2 ** (heightOver(end - start) - 1);

  const treeOf = (size) => {
    const kept = new Map();
    const hashes = async (level, first, count) => {
      const tile = Math.floor(first / WIDTH), name = `${level}/${tile}`;
      if (!kept.has(name))
        kept.set(name, await readTile(level, tile, Math.min(WIDTH, Math.floor(size / WIDTH ** level) - tile * WIDTH)));
      const { path, bytes, width } = kept.get(name);
      if (bytes.length !== width * HASH_BYTES) refuse("damaged", { path });
      const at = (first % WIDTH) * HASH_BYTES;
      const all = Array.from({ length: count }, (_, i) => bytes.slice(at + i * HASH_BYTES, at + (i + 1) * HASH_BYTES));
      return { path, all };
    };
    const part = async (start, end) => {
      const count = end - start, height = heightOver(count);
      if (2 ** height !== count) {
        const middle = middleOf(start, end);
        const left = await part(start, middle), right = await part(middle, end);
        return { hash: await nodeHash(left.hash, right.hash), paths: [...left.paths, ...right.paths] };
      }
      const level = Math.floor(height / LEVEL_BITS);
      let { path, all } = await hashes(level, start / WIDTH ** level, 2 ** (height - LEVEL_BITS * level));
      while (all.length > 1) {
        const above = [];
        for (let at = 0; at < all.length; at += 2) above.push(await nodeHash(all[at], all[at + 1]));
        all = above;
      }
      return { hash: all[0], paths: [path] };
    };
    // What stands beside the entry on its way to the root, the nearest first.
    const siblings = async () => {
      const found = [];
      for (let start = 0, end = size; end - start > 1;) {
        const middle = middleOf(start, end), isLeft = index < middle;
        const [first, last] = isLeft ? [middle, end] : [start, middle];
        found.push({ side: isLeft ? "right" : "left", first, last: last - 1, ...await part(first, last) });
        [start, end] = isLeft ? [start, middle] : [middle, end];
      }
      return found.reverse();
    };
    return { hashes, siblings };
  };

  // All of it, in order.

  const climb = async (checkpoint) => {
    const { path, leaf } = await readLeaf(checkpoint.size);
    if (!equal(leaf, utf8(document.getElementById("leaf").textContent))) refuse("other_entry", { path });
    step("good", word("leaf", { path, bytes: leaf.length }));
    let hash = await leafHash(leaf);
    step("good", word("leaf_hash"), hex(hash));

    const tree = treeOf(checkpoint.size);
    const own = await tree.hashes(0, index, 1);
    if (!equal(own.all[0], hash)) refuse("other_hash", { path: own.path });
    const files = new Set([own.path]);
    const siblings = await tree.siblings();
    for (const { side, first, last, paths, hash: beside } of siblings) {
      hash = await (side === "left" ? nodeHash(beside, hash) : nodeHash(hash, beside));
      for (const one of paths) files.add(one);
      const values = { first, last, path: [...new Set(paths)].join(", ") };
      step("good", word(first === last ? `${side}_one` : side, values), hex(hash));
    }
    if (!equal(hash, checkpoint.root)) refuse("other_root", { path: [...files].join(", ") });
    step("good", word("root", { count: siblings.length }));
  };

  const check = async () => {
    const checkpoint = await readCheckpoint();
    step("good", word("checkpoint", checkpoint), hex(checkpoint.root));
    if (index >= checkpoint.size) refuse("not_yet", checkpoint);
    await climb(checkpoint);

    const text = form.elements.key.value.trim();
    const key = text ? await readKey(text) : null;
    if (key && key.name !== checkpoint.origin) refuse("other_log", key);
    const signed = key ? await isSigned(checkpoint, key) : null;
    if (signed === false) refuse("forged", key);
    if (signed === null) {
      step("open", word(key ? "no_ed25519" : "no_key"));
      return conclude("open", word("unsigned"), word("unsigned_text"));
    }
    step("good", word("signed", key));
    return conclude("good", word("verified"), word("verified_text", { index, size: checkpoint.size }));
  };

  const run = async () => {
    steps.replaceChildren();
    steps.hidden = form.hidden = false;
    form.querySelector("button").disabled = true;
    delete proof.dataset.outcome;
    proof.className = "answer";
    verdict.textContent = word("checking");
    try {
      // Browsers offer it to pages that came by HTTPS, or from the same machine, alone.
      if (globalThis.crypto?.subtle) await check();
      else conclude("open", word("unchecked"), word("unchecked_text"));
    } catch (error) {
      step("wrong", error instanceof Refused ? error.message : word("failed", { error }));
      conclude("wrong", word("refused"), word("refused_text"));
    } finally {
      form.querySelector("button").disabled = false;
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  run();
})();
