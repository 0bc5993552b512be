/**
 * A workflow bundle in which one module has other source. Bundling takes seconds and one module is compiled in
 * milliseconds: so hundreds of changes can be tried.
 */
import ts from 'typescript';

/** How webpack writes where a module begins and ends, in the SDK's bundles. */
const END = '\n/***/ }';
const STRICT = '"use strict";\n';

/**
 * @param file of the module, below the project
 * @param source its TypeScript, changed
 * @throws Error when the bundle has no such module
 */
export function changeModule(bundle: string, file: string, source: string): string {
  const name = `/***/ "./dist/${file.replace(/\.ts$/, '.js')}"`;
  const begin = bundle.indexOf(name);
  const start = bundle.indexOf(STRICT, begin);
  const end = bundle.indexOf(END, start);
  if (begin < 0 || start < 0 || end < 0) throw new Error(`the workflow bundle has no module ${file}`);
  const was = bundle.slice(start, end);
  const { outputText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const now = outputText
    .replaceAll(/\brequire\((["'])(.+?)\1\)/g, (_all, _quote, wanted: string) =>
      requireOf(bundle, was, wanted),
    )
    .replace(/\/\/# sourceMappingURL.*/, '');
  // Webpack names its parameters by what the module uses; one that uses neither has neither.
  const head = bundle
    .slice(begin, start)
    .replace(/\n\(.*\) \{/, '\n(module, exports, __webpack_require__) {');
  return bundle.slice(0, begin) + head + now + bundle.slice(end);
}

/** As the module, or any other one, imports it. */
function requireOf(bundle: string, module: string, wanted: string): string {
  const mark = `__webpack_require__(/*! ${wanted} */ `;
  const text = module.includes(mark) ? module : bundle;
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the workflow bundle does not import ${wanted}`);
  return text.slice(at, text.indexOf(')', at) + 1);
}
