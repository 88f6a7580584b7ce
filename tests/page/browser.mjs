// A static host for the built page, and browsers to open it with.
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const pictures = path.join(root, 'target', 'page');
const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.json': 'application/json',
};

/** Serves `dist` below a folder, as a project's page on a static host; `requests` holds every path asked for. */
export async function host(dist = path.join(root, 'dist'), folder = '/some/where/') {
  const requests = [];
  const server = http.createServer((request, response) => {
    const asked = new URL(request.url, 'http://x').pathname;
    requests.push(asked);
    const inside = asked.startsWith(folder) ? asked.slice(folder.length) || 'index.html' : null;
    const file = inside === null ? null : path.join(dist, path.normalize(inside));
    if (!file?.startsWith(dist) || !fs.existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'application/octet-stream', 'content-length': fs.statSync(file).size });
    fs.createReadStream(file).pipe(response);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}${folder}`, requests, close: () => server.close() };
}

const quiet = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const webGl = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
const webGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan', '--use-vulkan=swiftshader', '--use-angle=swiftshader'];

/** A folder of this test alone, removed when it ends. */
export function temporary(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `gainakt-${name}-`));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** A profile of Chromium in a folder of its own, with WebGPU on its software adapter or without WebGPU. */
export async function browser({ gpu, profile = temporary('profile'), ...options } = {}) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [...quiet, ...(gpu ? webGpu : webGl)],
    viewport: { width: 1360, height: 860 },
    acceptDownloads: true,
    ...options,
  });
  return { context, profile };
}

/** Opens the page; what the browser's console calls an error is collected in `page.errors`. */
export async function open(context, url) {
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && page.errors.push(line.text()));
  await page.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => list.getEntries().forEach((task) => window.longTasks.push({ at: task.startTime, ms: task.duration })))
      .observe({ type: 'longtask', buffered: true });
  });
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName('first picture').length > 0, null, { timeout: 60_000 });
  return page;
}

/**
 * Opens another address as a link from elsewhere does. From the page itself only what follows # would change: the page would take
 * the link at once and write its own in place of it, before any reload.
 */
export async function follow(page, url) {
  await page.goto('about:blank');
  await page.goto(url);
}

/** The sentences that tell what is shown. */
export const said = (page) => page.evaluate(() => [...document.querySelectorAll('#said p')].map((p) => p.textContent.replaceAll('\u00a0', ' ')));

/** Waits until one of the sentences fits; gives it back. */
export async function hears(page, pattern, seconds = 60) {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const sentences = await said(page);
    const found = sentences.find((text) => pattern.test(text));
    if (found) return found;
    if (Date.now() > until) throw new Error(`waited ${seconds} s for ${pattern}; the page says:\n${sentences.join('\n')}\n${page.errors.join('\n')}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Presses a button as someone does who does not see the canvas: by its name, with the keyboard. */
export async function press(page, name) {
  const button = page.locator('#controls').getByRole('button', { name, exact: true });
  await button.focus();
  await page.keyboard.press('Enter');
}

export async function picture(page, name) {
  fs.mkdirSync(pictures, { recursive: true });
  await page.waitForTimeout(400);
  await page.screenshot({ path: path.join(pictures, `${name}.png`) });
}

export function check(fits, what) {
  if (!fits) throw new Error(what);
  console.log(`  ok: ${what}`);
}
