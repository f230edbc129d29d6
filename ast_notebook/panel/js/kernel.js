/** Watches whether the kernel still hears the page: JupyterLab, Notebook and Voila tell it at once. */

/**
 * @typedef {Object} Signal
 * @property {(slot: () => void) => void} connect
 * @property {(slot: () => void) => void} disconnect
 *
 * @typedef {Object} Kernel the used part of JupyterLab's connection with a kernel
 * @property {string} status
 * @property {string} connectionStatus
 * @property {boolean} isDisposed
 * @property {Signal} statusChanged
 * @property {Signal} connectionStatusChanged
 * @property {Signal} disposed
 *
 * @typedef {Object} Absence
 * @property {string} why
 * @property {boolean} forGood whether this panel will never be heard again
 */

const OVER = new Set(["restarting", "autorestarting", "terminating", "dead"]);
const GONE = {
  why: "The kernel has died, or was restarted or shut down: run the cells that connect and show the panel again.",
  forGood: true,
};
const CUT_OFF = { why: "The page has lost its connection with the kernel, and tries again.", forGood: false };

/**
 * Tell when the kernel is gone, and when it hears again.
 * @param {{widget_manager?: {kernel?: Kernel | null}}} model
 * @param {(absence: Absence | null) => void} tell null when the kernel hears
 * @returns {() => void} a function that ends the watch
 */
export function watchKernel(model, tell) {
  const kernel = model.widget_manager?.kernel;
  if (!kernel?.statusChanged) return () => {};
  let isOver = false; // a new process behind the same connection knows nothing of this panel
  const look = () => {
    isOver ||= kernel.isDisposed || OVER.has(kernel.status);
    tell(isOver ? GONE : kernel.connectionStatus === "connected" ? null : CUT_OFF);
  };
  const signals = [kernel.statusChanged, kernel.connectionStatusChanged, kernel.disposed];
  for (const signal of signals) signal.connect(look);
  return () => {
    for (const signal of signals) signal.disconnect(look);
  };
}
