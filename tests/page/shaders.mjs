// Loads every kernel, in every variant of its template, into Chromium: its WGSL compiler refuses what others let pass.
// Usage: node shaders.mjs SHADERS.json (from the example shader_sources)
import fs from 'node:fs';
import { browser, host } from './browser.mjs';

const sources = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const site = await host(new URL('.', import.meta.url).pathname.replace(/\/$/, ''));
const { context } = await browser({ gpu: true });
const page = await context.newPage();
await page.goto(`${site.url}package.json`);
const refused = await page.evaluate(async (sources) => {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) return ['this Chromium has no WebGPU adapter'];
  const device = await adapter.requestDevice();
  const refused = [];
  for (const [name, code] of sources) {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((m) => m.type === 'error').map((m) => `line ${m.lineNum}: ${m.message.split('\n')[0]}`);
    if (!errors.length) {
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } })
        .catch((error) => errors.push(error.message));
    }
    await device.popErrorScope();
    refused.push(...errors.map((error) => `${name}: ${error}`));
  }
  return refused;
}, sources);
await context.close();
site.close();
if (refused.length) throw new Error(`Chromium refuses\n${refused.join('\n')}`);
console.log(`Chromium takes all ${sources.length} kernels`);
