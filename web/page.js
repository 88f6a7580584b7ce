// Both threads begin here. In the page this file loads the program with a bar, starts it and gives it what only the
// browser can do. Started as a worker it waits for the compiled module and starts the same program, which then sees
// that it is in a worker and answers the page's questions. The file's own name carries its hash, so a worker of another
// version cannot be loaded.

const inWorker = typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope;

// Waits until messages that have arrived by now are handled. A timer would wait 4 ms each time.
const ticks = new MessageChannel();
const waiting = [];
ticks.port1.onmessage = () => waiting.shift()();
function yieldNow() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    ticks.port2.postMessage(null);
  });
}

// Requests this thread has made, the worker's added by the page.
function countRequests(tell) {
  let count = 0;
  new PerformanceObserver((list) => tell(count += list.getEntries().length)).observe({ type: 'resource' });
}

if (inWorker) startWorker();
else startPage();

function startWorker() {
  self.gainakt = { yieldNow };
  self.onmessage = async ({ data }) => {
    self.onmessage = null;
    try {
      const { default: init } = await import(data.script);
      countRequests((count) => self.postMessage({ requests: count }));
      await init({ module_or_path: data.module });
    } catch (error) {
      self.postMessage({ failed: String(error) });
    }
  };
}

function startPage() {
  const element = (id) => document.getElementById(id);
  const program = element('program');
  const script = new URL(program.dataset.script, document.baseURI).href;
  let module = null;
  const requests = { page: 0, worker: 0 };

  function fail(what, details) {
    element('loading').hidden = true;
    element('window').hidden = true;
    element('problem').hidden = false;
    element('what').textContent = what;
    element('details').textContent = details;
  }

  element('copy').onclick = () => navigator.clipboard?.writeText(element('details').textContent);
  element('reload').onclick = () => location.reload();

  self.gainakt = {
    yieldNow,
    fail,
    // A new worker with the module that is compiled already.
    startWorker() {
      const worker = new Worker(import.meta.url, { type: 'module', name: 'gainakt' });
      requests.worker = 0;
      worker.postMessage({ script, module });
      return worker;
    },
    workerRequests(count) { requests.worker = count; },
    requests: () => requests.page + requests.worker,
    offersWebGpu: () => 'gpu' in navigator,
    reducedMotion: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
    // The first full picture is there.
    started() {
      element('loading').hidden = true;
      performance.mark('first picture');
      requests.page = 0;
      countRequests((count) => { requests.page = count; });
    },
    download(name, bytes) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([bytes]));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
    // Has a person choose a file; it goes to `take` as it is, unread.
    pick(accept, take) {
      const input = document.createElement('input');
      input.type = 'file';
      input.accept = accept;
      input.onchange = () => input.files[0] && take(input.files[0]);
      input.click();
    },
    // Files dropped on the page go to `take`, unread.
    onDrop(take) {
      const canvas = element('window');
      canvas.addEventListener('drop', (event) => {
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        // So that the hint over the page goes away.
        canvas.dispatchEvent(new DragEvent('dragleave'));
        for (const file of event.dataTransfer.files) take(file);
      }, { capture: true });
    },
    // What is shown, as text and buttons for screen readers.
    textVersion(sentences, buttons, press) {
      const said = element('said');
      const before = [...said.children].map((p) => p.textContent);
      sentences.forEach((text, i) => {
        if (before[i] === text) return;
        const line = said.children[i] ?? said.appendChild(document.createElement('p'));
        line.textContent = text;
      });
      while (said.children.length > sentences.length) said.lastChild.remove();
      const controls = element('controls');
      if ([...controls.children].map((b) => b.textContent).join('\n') === buttons.join('\n')) return;
      const focused = controls.contains(document.activeElement) ? document.activeElement.textContent : null;
      controls.replaceChildren(...buttons.map((text) => {
        const button = document.createElement('button');
        button.textContent = text;
        button.onclick = () => press(text);
        return button;
      }));
      if (focused) [...controls.children].find((b) => b.textContent === focused)?.focus();
    },
  };

  // Bytes as they come; a compressed transfer does not tell how many there will be.
  function watched(response) {
    const total = response.headers.get('content-encoding') ? 0 : Number(response.headers.get('content-length'));
    let done = 0;
    const count = new TransformStream({
      transform(chunk, out) {
        done += chunk.byteLength;
        const megabytes = (done / 1e6).toFixed(1);
        element('state').textContent = total
          ? `loading: ${megabytes} of ${(total / 1e6).toFixed(1)} MB` : `loading: ${megabytes} MB`;
        element('filled').style.width = `${total ? 100 * done / total : 100 * (1 - Math.exp(-done / 4e6))}%`;
        element('bar').setAttribute('aria-valuenow', total ? Math.round(100 * done / total) : 50);
        out.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(count), { headers: { 'content-type': 'application/wasm' } });
  }

  // (module (func (drop (i32x4.splat ...)))): a browser that takes it has the vector instructions the program is built with.
  const vectors = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 17, 26, 11]);

  async function start() {
    if (typeof WebAssembly !== 'object') throw new Error('This browser has no WebAssembly, or it is turned off.');
    if (!WebAssembly.validate(vectors)) throw new Error('This browser lacks WebAssembly SIMD (Chrome 91, Firefox 89, Safari 16.4 have it). Please update it.');
    const response = await fetch(new URL(program.dataset.module, document.baseURI));
    if (!response.ok) throw new Error(`The program could not be loaded: ${response.status} ${response.statusText}.`);
    const [{ default: init }, compiled] = await Promise.all([import(script), WebAssembly.compileStreaming(watched(response))]);
    module = compiled;
    element('state').textContent = 'starting';
    element('filled').style.width = '100%';
    performance.mark('program compiled');
    element('window').hidden = false;
    await init({ module_or_path: module });
  }

  start().catch((error) => fail(error.message, `${error.stack ?? error}\n${navigator.userAgent}`));
}
