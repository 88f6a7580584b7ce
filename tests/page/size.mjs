// What travels until the first picture: the built page's files, compressed as a static host would send them. Fails past
// the bound. Usage: node size.mjs [DIST]
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { root } from './browser.mjs';

const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
const bound = 2.65e6;
const compress = {
  brotli: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 } }),
  gzip: (bytes) => zlib.gzipSync(bytes, { level: 9 }),
};
const total = { raw: 0, gzip: 0, brotli: 0 };
for (const name of fs.readdirSync(dist).filter((name) => /\.(html|css|js|wasm|svg)$/.test(name))) {
  const bytes = fs.readFileSync(path.join(dist, name));
  total.raw += bytes.length;
  for (const [kind, how] of Object.entries(compress)) total[kind] += how(bytes).length;
}
for (const [kind, bytes] of Object.entries(total)) console.log(`${kind}: ${(bytes / 1e6).toFixed(2)} MB`);
if (total.brotli > bound) throw new Error(`the page is ${(total.brotli / 1e6).toFixed(2)} MB with brotli, at most ${bound / 1e6} MB are wanted`);
