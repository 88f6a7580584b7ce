// Opens the page in Firefox (by puppeteer) and in WebKitGTK (by its WebDriver), trains an epoch on the CPU in each and
// keeps pictures. See scripts/other-browsers.sh.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import { host, pictures } from './browser.mjs';

const site = await host();
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
fs.mkdirSync(pictures, { recursive: true });
const ready = "return performance.getEntriesByName('first picture').length > 0";
const sentences = "return [...document.querySelectorAll('#said p')].map((p) => p.textContent)";
const push = (name) => `[...document.querySelectorAll('#controls button')].find((b) => b.textContent === '${name}').click()`;

/** One visit: the first picture, an epoch of training, a picture of each. */
async function visit(name, run, shot) {
  const until = async (what, fits) => {
    for (let i = 0; !await fits(); i += 1) {
      if (i > 240) throw new Error(`${name}: waited in vain for ${what}; it says ${await run(sentences)} ${await run("return document.querySelector('#problem').innerText")}`);
      await wait(250);
    }
  };
  await until('the first picture', () => run(ready));
  await wait(1500);
  await shot(path.join(pictures, `${name}.png`));
  await run(push('Train'));
  await until('the Train view', async () => (await run("return [...document.querySelectorAll('#controls button')].map((b) => b.textContent)")).includes('Start training'));
  await run(push('Start training'));
  await until('an epoch', async () => (await run(sentences)).some((text) => text.startsWith('Epoch 1:')));
  await wait(500);
  await shot(path.join(pictures, `${name}-training.png`));
  console.log(`${name}: ${(await run(sentences)).slice(0, 2).join(' ')}`);
}

const firefox = await puppeteer.launch({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true, defaultViewport: { width: 1360, height: 860 } });
const page = await firefox.newPage();
await page.goto(site.url);
await visit('firefox', (code) => page.evaluate(`(() => { ${code} })()`), (file) => page.screenshot({ path: file }));
console.log(await firefox.version());
await firefox.close();

const driver = spawn('WebKitWebDriver', ['--port=4499'], { stdio: 'ignore' });
try {
  await wait(1000);
  const call = async (method, where, body) => {
    const answer = await fetch(`http://127.0.0.1:4499${where}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  const binary = execFileSync('sh', ['-c', 'ls /usr/lib/*/webkit2gtk-4.*/MiniBrowser | tail -1'], { encoding: 'utf8' }).trim();
  const { sessionId } = await call('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } } } });
  const session = `/session/${sessionId}`;
  await call('POST', `${session}/window/rect`, { width: 1360, height: 860 }).catch(() => {});
  await call('POST', `${session}/url`, { url: site.url });
  const run = (script) => call('POST', `${session}/execute/sync`, { script, args: [] });
  const shot = async (file) => fs.writeFileSync(file, Buffer.from(await call('GET', `${session}/screenshot`), 'base64'));
  await visit('webkitgtk', run, shot);
  console.log(await run('return navigator.userAgent'));
  await call('DELETE', session).catch(() => {});
} finally {
  driver.kill();
  site.close();
}
