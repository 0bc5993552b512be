/** The part of the WebAssembly global that Node has and its types leave to the browser's. */
declare namespace WebAssembly {
  function instantiate(
    code: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: { readonly __wbindgen_start: () => void } } }>;
}
