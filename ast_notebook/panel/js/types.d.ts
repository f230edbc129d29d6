/** The types by which the parts of the page know each other; no part knows one that is built on it. */

import type { Done, Scalar } from "./messages.d.ts";
import type { Store } from "./store.js";
import type { Value } from "./text.js";

/** The lists that fields complete from. */
export type ListName = "devices" | "extensions" | "contexts";

/** A field of a form. */
export interface Field {
  name: string;
  label: string;
  list?: ListName;
  value?: string;
  optional?: boolean;
}

/** What a button acts on; if there are several PBXs, it names one. */
export type Args = Record<string, Scalar> & { pbx?: string };

/** What a button does, after a question or a form if it has one. */
export interface Action {
  what: string;
  label: string;
  args: Args;
  /** Its name where nothing else shows which row it belongs to. */
  name?: string;
  ask?: string;
  fields?: Field[];
  done?: (done: Done) => void;
}

/** The row that a popup belongs to, its element, whether the row is still there, and the way back to it. */
export interface Target {
  anchor: HTMLElement;
  title: string;
  row: object;
  alive: () => boolean;
  back?: () => void;
}

/** A column of a table. */
export interface Column<Row> {
  id: string;
  label: string;
  text: (row: Row) => string;
  order?: (row: Row) => Value;
  title?: (row: Row) => string;
  draw?: (cell: HTMLElement, row: Row) => void;
  className?: string;
  /** Whether it is for people who stand near, and not for a wall. */
  near?: boolean;
}

/** A row of a table; those of one group stand together. */
export interface Entry<Row> {
  key: string;
  row: Row;
  group?: string;
  /** Its place in its group, if that has several entries. */
  place?: "" | "first" | "mid" | "last";
}

/** What a table is made of. */
export interface TableOptions<Row> {
  label: string;
  className?: string;
  columns: Column<Row>[];
  rows: () => Entry<Row>[];
  /** The id of a column; "-id" for the reverse order. */
  sort: string;
  /** What to say when there are no rows. */
  empty?: string;
  actions?: (row: Row) => Action[];
  /** The action that has a button of its own. */
  quick?: (row: Row) => Action | null;
  /** What a click on a row opens, if that is not its menu. */
  open?: (row: Row, target: Target) => void;
}

/** What is drawn in the next frame, if it is marked. */
export interface Drawn {
  dirty: boolean;
}

/** What opens beside a row. */
export interface Opener {
  menu(actions: Action[], target: Target): void;
  details(title: string, pairs: [string, unknown][], target: Target): void;
}

/** What the parts of a view may ask of the view. */
export interface Host {
  readonly store: Store;
  readonly uid: string;
  readonly root: HTMLElement;
  readonly popup: Opener;
  redraw(part: Drawn): void;
  activeElement(): Element | null;
  perform(action: Action | null, target: Target): void;
  order(action: Action, values: Record<string, Scalar>): void;
  tell(text: string, bad?: boolean): void;
  announce(text: string): void;
  listId(name: ListName): string;
  /** Show only what has these words, in all sections. */
  seek(text: string): void;
  fillLists(pbx?: string): void;
  /** The telephone of whoever sits here, and the context that it dials in; empty if not known. */
  telephone(pbx?: string): { source: string; context: string };
}
