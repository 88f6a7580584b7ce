// Drives the built page in Chromium as a visitor does. Usage: node page.mjs PATH_OF_GAINAKT
// Pictures and figures are kept in target/page/.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { browser, check, follow, hears, host, open, picture, pictures, press, root, said, temporary } from './browser.mjs';

const gainakt = process.argv[2];
if (!gainakt) throw new Error('usage: node page.mjs PATH_OF_GAINAKT');
const figures = {};
const site = await host();
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const number = (text, pattern) => Number(text.match(pattern)[1]);

/** Loss, AUC and seconds of the first epoch, as the terminal's program finds them on the same kind of device. */
function native(device) {
  const out = temporary('native');
  const log = execFileSync(gainakt, ['train', '--device', device, '--epochs', '1', '--out', out], {
    encoding: 'utf8',
    env: { ...process.env, VK_DRIVER_FILES: '/usr/lib/chromium/vk_swiftshader_icd.json' },
  });
  const [run] = fs.readdirSync(out);
  const [names, row] = fs.readFileSync(path.join(out, run, 'metrics_epoch.csv'), 'utf8').trim().split('\n').map((line) => line.split(','));
  return { ...Object.fromEntries(names.map((name, i) => [name, Number(row[i])])), seconds: number(log, /^ +1 .*\| +([\d.]+)$/m) };
}

/** Drops a file on the page as a hand does: the browser hands over a file, nothing has read it yet. */
async function drop(page, name, text) {
  const data = await page.evaluateHandle(([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    return data;
  }, [name, text]);
  await page.dispatchEvent('#window', 'drop', { dataTransfer: data });
}

/** Ends a browser as a power cut does: every process that was given its profile. */
function kill(profile) {
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      if (fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(profile)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Times the page's own work of each frame from now on. */
const watchFrames = (page) => page.evaluate(() => {
  window.longTasks.length = 0;
  window.frames_ms = [];
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (call) => ask((at) => {
    const began = performance.now();
    call(at);
    window.frames_ms.push(performance.now() - began);
  });
});

async function trains(gpu) {
  const device = gpu ? 'gpu' : 'cpu';
  console.log(`training on the ${device.toUpperCase()}`);
  const expected = native(device);
  const { context } = await browser({ gpu });
  const page = await open(context, `${site.url}?device=${device}`);
  const [worker] = page.workers();
  await worker.evaluate(() => {
    self.pipelines = 0;
    if (!self.GPUDevice) return;
    const create = GPUDevice.prototype.createComputePipeline;
    GPUDevice.prototype.createComputePipeline = function (...all) { self.pipelines += 1; return create.apply(this, all); };
  });
  await press(page, 'Train');
  const began = Date.now();
  await press(page, 'Start training');
  await hears(page, gpu ? /^Device: WebGPU/ : /^Device: CPU/);
  await hears(page, /^epoch 1 of at most \d+, step/, 120);
  figures[`${device}: first training steps read back, s`] = (Date.now() - began) / 1000;
  const row = await hears(page, /^Epoch 1:/, 240);
  const since = Date.now();
  const loss = number(row, /training loss (\d+\.\d+)/);
  const auc = number(row, /validation AUC (\d\.\d+)/);
  check(Math.abs(loss - expected.train_loss) < 1e-3, `training loss ${loss} is the native run's ${expected.train_loss.toFixed(4)}`);
  check(Math.abs(auc - expected.val_auc) < 1e-3, `validation AUC ${auc} is the native run's ${expected.val_auc.toFixed(4)}`);
  await press(page, 'Students');
  await wait(1500);
  await picture(page, `training-${device}-students`);
  await press(page, 'Train');
  const second = await hears(page, /^Epoch 2:/, 240);
  figures[`${device}: an epoch of 24 steps and 6 validation batches, s`] = (Date.now() - since) / 1000;
  figures[`${device}: the same natively, first epoch, s`] = expected.seconds;
  check(/training loss/.test(second), 'a second epoch follows');
  await picture(page, `training-${device}`);
  await watchFrames(page);
  await press(page, 'Students');
  await wait(gpu ? 4000 : 2000);
  const { long, frames } = await page.evaluate(() => ({ long: window.longTasks.map((task) => task.ms), frames: window.frames_ms }));
  // A frame in which nothing changed is not drawn.
  const drawn = frames.filter((ms) => ms > 0.5);
  figures[`${device}: median work of a frame that is drawn while training, ms`] = median(drawn);
  figures[`${device}: frames drawn`] = drawn.length;
  figures[`${device}: tasks over 50 ms on the page's thread while training`] = long.map(Math.round).join(' ') || 'none';
  check(median(drawn) < 16, `a frame's work is ${median(drawn).toFixed(1)} ms in the middle`);
  if (gpu) {
    const pipelines = await worker.evaluate(() => self.pipelines);
    figures['gpu: pipelines compiled'] = pipelines;
    check(pipelines > 0 && pipelines <= 40, `${pipelines} pipelines were compiled, in the worker`);
  }
  await press(page, 'Train');
  await press(page, 'Pause the run');
  await hears(page, /^paused$/);
  const paused = (await said(page)).filter((text) => /^Epoch/.test(text)).length;
  await wait(gpu ? 3000 : 2500);
  check((await said(page)).filter((text) => /^Epoch/.test(text)).length === paused, 'a paused run waits');
  await press(page, 'Resume the run');
  await hears(page, /^epoch \d+ of at most/);
  const stopping = Date.now();
  await press(page, 'Stop the run');
  await hears(page, /^Stopped; its last finished epoch is kept/, 30);
  check(Date.now() - stopping < 2500, `a run is stopped within ${Date.now() - stopping} ms`);
  await press(page, 'Runs');
  await hears(page, /_page: embedded, \d+ epochs, not finished/);
  check(page.errors.length === 0, `the console is quiet ${page.errors}`);
  await context.close();
}

async function looks() {
  console.log('looking, links, what if');
  const { context } = await browser();
  const before = site.requests.length;
  const page = await open(context, site.url);
  const marks = await page.evaluate(() => Object.fromEntries(performance.getEntriesByType('mark').map((m) => [m.name, m.startTime])));
  figures['first picture, ms after the navigation began (host on this machine)'] = Math.round(marks['first picture']);
  figures['of these loading and compiling, ms'] = Math.round(marks['program compiled']);
  await hears(page, /^Student S001 gave 46 answers/);
  await picture(page, 'first');
  const loaded = site.requests.length;
  check(site.requests.slice(before).every((asked) => asked.startsWith('/some/where/')), 'everything comes from below the page\'s own folder');
  const files = site.requests.slice(before).map((asked) => path.basename(asked)).filter((name) => name && !['where', 'index.html'].includes(name));
  check(files.every((name) => /-[0-9a-f]{8,}(_bg)?\.\w+$/.test(name)), `every file name carries a hash: ${[...new Set(files)].join(', ')}`);
  check(files.filter((name) => name.endsWith('.wasm')).length === 1, 'the program is loaded once, for both threads');

  const mastery = async () => number(await hears(page, /Mastery of .* is now/), /is now (\d+)\s%/);
  const early = await mastery();
  for (let i = 0; i < 12; i += 1) await press(page, 'One answer back');
  await hears(page, /^Answer 34 of 46/);
  const earlier = await mastery();
  for (let i = 0; i < 3; i += 1) await press(page, 'What if the next answer were right');
  await hears(page, /^Imagined answer 37 of 37/);
  check(await mastery() > earlier, `three imagined right answers move mastery from ${earlier} % to ${await mastery()} % (${early} % at the end)`);
  await picture(page, 'what-if');
  await wait(800);
  const link = page.url();
  check(/student=S001/.test(link) && /after=34/.test(link) && (link.match(/right=/g) ?? []).length === 3, `the link holds it: ${link}`);

  await press(page, 'Next student');
  await hears(page, /^Student S002/);
  await press(page, 'Class');
  await hears(page, /^Embedded class: 600 students/);
  await picture(page, 'class');
  await page.goBack();
  await hears(page, /^Student S002/);
  await page.goBack();
  await hears(page, /^Student S001/);
  await hears(page, /^Imagined answer 37 of 37/);
  await page.goForward();
  await hears(page, /^Student S002/);
  check(true, 'Back and Forward go from view to view');
  check(site.requests.length === loaded, 'no request left the page after loading');
  await context.close();

  const fresh = await browser();
  const other = await open(fresh.context, link);
  await hears(other, /^Imagined answer 37 of 37/);
  check(true, 'the link shows the same in a fresh profile');
  await follow(other, `${site.url}#view=cellar`);
  await hears(other, /The link could not be opened.*view="cellar"/);
  await follow(other, `${site.url}#student=nobody`);
  await hears(other, /student "nobody", who is not in/);
  check(true, 'a bad link is told in words');

  await follow(other, `${site.url}#student=S002`);
  await hears(other, /^Student S002/);
  await hears(other, /^Evidence model: Its mastery is the chance/);
  await hears(other, /^Why: \d+\s%/);
  await hears(other, /is now \d+\s%, between \d+ and \d+/);
  await wait(800);
  await picture(other, 'evidence');
  await press(other, 'Look through GainAKT2Exp');
  await hears(other, /^GainAKT2Exp: Its mastery never falls/);
  await hears(other, /^Student S002/);
  await wait(800);
  check(/model=gainakt2exp/.test(other.url()), 'one click looks through GainAKT2Exp, at the same student');
  await picture(other, 'gainakt2exp');
  await press(other, 'Look through Evidence model');
  await hears(other, /^Evidence model: Its mastery is the chance/);
  await press(other, 'Class');
  await hears(other, /^Embedded class: 600 students/);
  await press(other, 'Can the model be trusted');
  await hears(other, /^Changing the last answer from wrong to right raises/);
  check(true, 'the class tells how far the model may be believed');
  await other.goto(`${site.url}?device=toaster`);
  await other.waitForSelector('#problem:not([hidden])');
  check(/device="toaster"/.test(await other.textContent('#details')), 'a bad address is told in words');
  await picture(other, 'problem');
  await fresh.context.close();
}

async function ownData() {
  console.log('own data');
  const { context, profile } = await browser();
  const page = await open(context, site.url);
  await hears(page, /^Student S001/);
  const loaded = site.requests.length;
  await drop(page, 'bad.csv', 'student,skill,response\nann,adding,1\nann,adding,perhaps\n');
  await hears(page, /bad\.csv, line 3.*perhaps/);
  await picture(page, 'bad-file');
  await press(page, 'Students');
  await hears(page, /^Student S001/);
  check(true, 'a bad file is told in words and the page lives');

  let strange = 'who,what,ok\n';
  for (let i = 0; i < 100_000; i += 1) strange += `student ${i % 1000},skill ${(i * 7919) % 40},${(i * 31) % 97 > 40 ? 1 : 0}\n`;
  await page.evaluate(() => { window.longTasks.length = 0; });
  const rows = strange.replace('who,what,ok', 'student,skill,correct');
  await drop(page, 'strange-names.csv', strange);
  await hears(page, /strange-names\.csv, line 1: no column for the student/);
  await picture(page, 'columns');
  await drop(page, 'answers.csv', rows);
  await hears(page, /1000 students, 40 skills/);
  const long = await page.evaluate(() => window.longTasks.map((task) => task.ms));
  figures["100,000 rows read: tasks over 50 ms on the page's thread"] = long.map(Math.round).join(' ') || 'none';
  await picture(page, 'own-data');
  await press(page, 'Start training');
  await hears(page, /^Epoch 1:/, 240);
  check(site.requests.length === loaded, 'no request left the page while it read and trained on a file');

  console.log('a killed tab');
  await wait(1500);
  kill(profile);
  await context.close().catch(() => {});
  const again = await browser({ profile });
  const back = await open(again.context, site.url);
  await hears(back, /^There is a run from an earlier visit: .*_page, \d+ epochs done/);
  await picture(back, 'offer');
  await press(back, 'Continue the run from an earlier visit');
  await hears(back, /^Epoch 1:/);
  const before = (await said(back)).filter((text) => /^Epoch/.test(text)).length;
  await hears(back, new RegExp(`^Epoch ${before + 1}:`), 240);
  check(true, `the run goes on after its epoch ${before}, on its own data`);
  await press(back, 'Stop the run');
  await hears(back, /^Stopped/);
  await press(back, 'Runs');
  const name = (await hears(back, /not finished/)).split(':')[0];
  const [download] = await Promise.all([back.waitForEvent('download'), press(back, `Download ${name}`)]);
  const zip = path.join(temporary('zip'), 'run.zip');
  await download.saveAs(zip);
  const listed = execFileSync('python3', ['-m', 'zipfile', '-l', zip], { encoding: 'utf8' });
  check(/train_state\.safetensors/.test(listed) && /metrics_epoch\.csv/.test(listed), 'a run is downloaded as a zip archive');
  await press(back, `Delete ${name}`);
  await back.waitForFunction(() => ![...document.querySelectorAll('#said p')].some((p) => /not finished/.test(p.textContent)));
  await back.reload();
  await press(back, 'Runs');
  await wait(1500);
  const dropped = await back.evaluateHandle((base64) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'a run.zip'));
    return data;
  }, fs.readFileSync(zip).toString('base64'));
  const gone = (await said(back)).length === 0;
  await back.dispatchEvent('#window', 'drop', { dataTransfer: dropped });
  await hears(back, /data\/answers\.csv: not kept in this browser; drop the file/);
  check(true, 'a zipped run without its data says which file it wants');
  await drop(back, 'answers.csv', rows);
  await hears(back, /1000 students, 40 skills/);
  await back.dispatchEvent('#window', 'drop', { dataTransfer: dropped });
  await press(back, 'Students');
  await hears(back, /^Student student \d+ gave/);
  check(/run=/.test(back.url()) || await wait(800).then(() => /run=/.test(back.url())), 'a zipped run that is dropped is opened');
  check(gone, 'a deleted run is gone after a reload');
  await again.context.close();
}

async function room() {
  console.log('no room');
  const { context } = await browser();
  const page = await open(context, site.url);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 1 });
  await press(page, 'Train');
  await press(page, 'Start training');
  await hears(page, /^Keeping this for your next visit failed.*no room/, 60);
  await hears(page, /^Epoch 2:/, 120);
  await press(page, 'Stop the run');
  await hears(page, /^Stopped/);
  await press(page, 'Runs');
  await hears(page, /_page: embedded, \d+ epochs, not finished/);
  check(true, 'a full browser is told in a sentence, the run goes on and is there');
  await picture(page, 'no-room');
  await context.close();
}

async function touch() {
  console.log('touch');
  const { context } = await browser({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const page = await open(context, site.url);
  const cdp = await context.newCDPSession(page);
  const fingers = (type, ...points) => cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  const at = async () => number(await hears(page, /^Answer \d+ of 46/), /Answer (\d+)/);
  await page.touchscreen.tap(180, 300);
  await wait(400);
  const tapped = await at();
  check(tapped > 5 && tapped < 40, `a tap in the plot looks at answer ${tapped}`);
  await fingers('touchStart', [180, 300]);
  for (let x = 180; x <= 240; x += 10) await fingers('touchMove', [x, 300]);
  await fingers('touchEnd');
  await wait(400);
  const dragged = await at();
  check(dragged > tapped + 4, `a finger moves on to answer ${dragged}`);
  await picture(page, 'phone-before-pinch');
  await fingers('touchStart', [170, 300], [190, 300]);
  for (let by = 0; by <= 80; by += 10) await fingers('touchMove', [170 - by, 300], [190 + by, 300]);
  await fingers('touchEnd');
  await wait(400);
  await picture(page, 'phone-after-pinch');
  await page.touchscreen.tap(100, 300);
  await wait(300);
  const [left] = [await at()];
  await page.touchscreen.tap(300, 300);
  await wait(300);
  const right = await at();
  check(right - left < 20, `after a pinch the plot shows less: from answer ${left} to ${right}`);
  await context.close();
}

async function you() {
  console.log('you, the student');
  const { context } = await browser();
  const page = await open(context, `${site.url}#view=you`);
  for (let i = 1; i <= 10; i += 1) {
    const question = await hears(page, new RegExp(`^Question ${i} of 10`));
    const choices = await page.locator('#controls button', { hasText: /^Answer / }).allTextContents();
    check(choices.length === 4, `${question} ${choices.join(', ')}`);
    await press(page, choices[i % choices.length]);
  }
  await hears(page, /^\d+ of 10 right\.$/);
  await picture(page, 'you');
  await context.close();
}

async function adapts() {
  console.log('phone, dark, light');
  for (const [name, options] of [
    ['phone-dark', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, colorScheme: 'dark' }],
    ['desktop-dark', { colorScheme: 'dark', reducedMotion: 'reduce' }],
    ['desktop-light', { colorScheme: 'light' }],
  ]) {
    const { context } = await browser(options);
    const page = await open(context, site.url);
    for (const view of ['Students', 'Class', 'Train', 'Runs', 'You']) {
      await press(page, view);
      await wait(500);
      await picture(page, `${name}-${view.toLowerCase()}`);
    }
    check(page.errors.length === 0, `${name}: every view draws`);
    await context.close();
  }
}

async function fails() {
  console.log('failures');
  const { context } = await browser({ gpu: true });
  const page = await open(context, `${site.url}?device=gpu`);
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...all) { return self.lent = await request.apply(this, all); };
  });
  await press(page, 'Train');
  await press(page, 'Start training');
  await hears(page, /^Epoch 1:/, 240);
  await worker.evaluate(() => self.lent.destroy());
  await hears(page, /Training on this device failed.*goes on after its last finished epoch, on a new device/, 120);
  await hears(page, /^Epoch 2:/, 240);
  check(true, 'a lost device is told in a sentence and the run goes on');
  await worker.evaluate(() => self.lent.destroy());
  await hears(page, /^Epoch 3:/, 240);
  await picture(page, 'lost-device');
  await context.close();

  const none = await browser();
  const without = await open(none.context, `${site.url}?device=gpu`);
  await press(without, 'Train');
  await press(without, 'Start training');
  await hears(without, /no WebGPU adapter here/);
  await picture(without, 'no-webgpu');
  // A worker that dies is replaced.
  await without.workers()[0].evaluate(() => { setTimeout(() => { throw new Error('on purpose'); }); });
  await hears(without, /failed: .*on purpose/);
  await press(without, 'Students');
  await hears(without, /^Student S001/);
  check(true, 'a worker that fails is replaced');
  await none.context.close();
}

const parts = { looks, you, adapts, touch, ownData, room, cpu: () => trains(false), gpu: () => trains(true), fails };
const wanted = process.argv.slice(3);
for (const [name, part] of Object.entries(parts)) {
  if (!wanted.length || wanted.includes(name)) await part();
}
site.close();
fs.mkdirSync(pictures, { recursive: true });
fs.writeFileSync(path.join(pictures, 'figures.json'), `${JSON.stringify(figures, null, 2)}\n`);
console.log(`\nfigures (${path.relative(root, pictures)}/figures.json)`);
for (const [what, value] of Object.entries(figures)) console.log(`  ${what}: ${typeof value === 'number' ? Math.round(value * 100) / 100 : value}`);
