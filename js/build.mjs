// Bundles the front end: `node build.mjs [folder]`, by default into the package's static folder.
// The output depends on the sources and the lock file alone, so that a test can compare bytes.
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, "../scalewidgets/static"));

// Every lab in a notebook, and every exported page, carries the whole bundle as text: eight of them
// weigh about what Vega, Vega-Lite and vega-embed weigh once (876 KB).
const BUDGET = 112 * 1024;

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: [
    { in: "src/widget.ts", out: "lab" },
    { in: "src/loader.ts", out: "loader" },
    { in: "src/lab.css", out: "lab" },
  ],
  outdir: folder,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "ascii", // one other letter would make a browser hold each text in two bytes a letter
  legalComments: "none",
  write: false,
});

for (const { path, contents } of outputFiles) {
  if (path.endsWith(".js") && contents.length > BUDGET) {
    console.error(`${basename(path)} is ${contents.length} bytes; the budget is ${BUDGET}.`);
    process.exit(1);
  }
}
await mkdir(folder, { recursive: true });
for (const { path, contents } of outputFiles) {
  await writeFile(path, contents);
  console.log(`${basename(path)} ${contents.length} bytes`);
}
