/**
 * The picture that a notebook keeps beside the panel. JupyterLab finds an output by the id that it was
 * displayed with, and forgets these ids when the page is loaded anew; the page finds it by its mark.
 */

/**
 * @typedef {Object} Outputs what is used of JupyterLab's outputs of a cell
 * @property {number} length
 * @property {(index: number) => {toJSON: () => any}} get
 * @property {(index: number, output: any) => void} set
 *
 * @typedef {{context?: {model?: {cells?: Iterable<{outputs?: Outputs}>}}}} Holder
 */

/**
 * Put a renewed picture in the place of the one that the notebook has.
 * @param {{widget_manager?: Holder}} model
 * @param {string} name the name of the panel
 * @param {string} html
 */
export function renewStill(model, name, html) {
  const mark = `<div data-ast-picture="${name}">`;
  for (const { outputs } of model.widget_manager?.context?.model?.cells ?? []) {
    for (let index = 0; index < (outputs?.length ?? 0); index += 1) {
      const output = outputs?.get(index).toJSON();
      const told = output?.data?.["text/html"];
      const text = Array.isArray(told) ? told.join("") : told;
      if (typeof text !== "string" || !text.startsWith(mark) || text === html) continue;
      outputs?.set(index, { ...output, data: { ...output.data, "text/html": html } });
    }
  }
}
