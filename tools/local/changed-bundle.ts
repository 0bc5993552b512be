/**
 * Replaces the source of one module in a workflow bundle. Bundling takes seconds, compiling one module takes
 * milliseconds, so hundreds of mutants can be replayed.
 */
import ts from 'typescript';

/** Webpack's markers around a module in the SDK's bundles. */
const END = '\n/***/ }';
const STRICT = '"use strict";\n';

/**
 * @param file the module's path, relative to the project
 * @param source its changed TypeScript
 * @returns the bundle's code with the changed module
 * @throws Error when the bundle has no such module
 */
export function changeModule(bundle: string, file: string, source: string): string {
  const name = `/***/ "./dist/${file.replace(/\.ts$/, '.js')}"`;
  const begin = bundle.indexOf(name);
  const start = bundle.indexOf(STRICT, begin);
  const end = bundle.indexOf(END, start);
  if (begin < 0 || start < 0 || end < 0) throw new Error(`the workflow bundle has no module ${file}`);
  const original = bundle.slice(start, end);
  const { outputText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const changed = outputText
    .replaceAll(/\brequire\((["'])(.+?)\1\)/g, (_all, _quote, wanted: string) =>
      requireOf(bundle, original, wanted),
    )
    .replace(/\/\/# sourceMappingURL.*/, '');
  // Webpack omits the parameters that the original module does not use; the changed one may need all of them.
  const head = bundle
    .slice(begin, start)
    .replace(/\n\(.*\) \{/, '\n(module, exports, __webpack_require__) {');
  return bundle.slice(0, begin) + head + changed + bundle.slice(end);
}

/** The expression by which this module, or else any other, imports `wanted`. */
function requireOf(bundle: string, module: string, wanted: string): string {
  const mark = `__webpack_require__(/*! ${wanted} */ `;
  const text = module.includes(mark) ? module : bundle;
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the workflow bundle does not import ${wanted}`);
  return text.slice(at, text.indexOf(')', at) + 1);
}
