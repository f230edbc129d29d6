/**
 * The messages between the kernel and the page, and the rows in them.
 * Made of panel/messages.py by `python -m tests.support.page_types`: change them there.
 */

export type Scalar = string | boolean | number;
export type Fields = Record<string, string | boolean | number | null>;
export type FromKernel = Snapshot | Delta | Done | Still | Closed;
export type FromPage = Hello | Visible | Do;

/** In a panel of several PBXs, each row names its PBX. */
export interface OfPbx {
  pbx?: string;
}

/** A row of the PBXs, in a panel of several. */
export interface PbxRow {
  pbx: string;
  state: "connected" | "lost" | "closed";
  stale: boolean;
  address: string;
  version: string;
  since: number | null;
  lost_since: number | null;
  next_try: number | null;
  error: string;
  rate: number;
  calls: number;
  channels: number;
}

/** A row of the channels that are up; in a panel of several PBXs, `call` names its whole call.

If the call is on another PBX, too, `joined` says so, and says how sure that is. */
export interface ChannelRow {
  pbx?: string;
  call?: string;
  joined?: "" | "surely" | "probably";
  channel: string;
  uniqueid: string;
  linkedid: string;
  device: string;
  state: string;
  caller: string;
  caller_name: string;
  connected: string;
  connected_name: string;
  context: string;
  exten: string;
  application: string;
  bridge: string;
  since: number | null;
  held: boolean;
  recorded: boolean;
  bad: string;
}

/** A row of the devices. */
export interface DeviceRow {
  pbx?: string;
  device: string;
  state: string;
  name: string;
  extension: string;
  context: string;
  reachable: string;
  rtt_ms: number | null;
  since: number | null;
}

/** A row of the trunks. */
export interface RegistrationRow {
  pbx?: string;
  trunk: string;
  server: string;
  state: string;
  since: number | null;
}

/** A row of the mailboxes. */
export interface MailboxRow {
  pbx?: string;
  mailbox: string;
  name: string;
  new: number | null;
  old: number | null;
  time: number | null;
}

/** A row of the queues. */
export interface QueueRow {
  pbx?: string;
  queue: string;
  strategy: string;
  calls: number | null;
  completed: number | null;
  abandoned: number | null;
  holdtime: number | null;
  talktime: number | null;
  servicelevel: number | null;
}

/** A row of the queues' agents. */
export interface MemberRow {
  pbx?: string;
  queue: string;
  interface: string;
  agent: string;
  name: string;
  state_interface: string;
  state: string;
  paused: boolean;
  reason: string;
  penalty: number | null;
  calls_taken: number | null;
  last_call: number | null;
  in_call: boolean;
}

/** A row of the agents that left a queue. */
export interface AbsentRow {
  pbx?: string;
  queue: string;
  interface: string;
  agent: string;
  name: string;
  state_interface: string;
  penalty: number | null;
  since: number | null;
}

/** A row of the callers that wait in queues. */
export interface CallerRow {
  pbx?: string;
  queue: string;
  position: number | null;
  channel: string;
  uniqueid: string;
  caller: string;
  caller_name: string;
  since: number | null;
}

/** A row of the conferences. */
export interface ConferenceRow {
  pbx?: string;
  conference: string;
  parties: number | null;
  locked: boolean;
  muted: boolean;
  since: number | null;
}

/** A row of the participants of conferences. */
export interface ParticipantRow {
  pbx?: string;
  conference: string;
  channel: string;
  uniqueid: string;
  caller: string;
  caller_name: string;
  admin: boolean;
  muted: boolean;
  talking: boolean;
  since: number | null;
}

/** A row of the parked calls. */
export interface ParkedRow {
  pbx?: string;
  space: string;
  lot: string;
  channel: string;
  uniqueid: string;
  caller: string;
  caller_name: string;
  parker: string;
  since: number | null;
  timeout: number | null;
}

/** A row of the callers who wait for a call.

`dial` is what to dial to call him back: digits, maybe after a ``+``; empty if nobody should.
`caution` is why that may be dear, in words; `note` is what is known beyond the missed calls. */
export interface UnreturnedRow {
  pbx?: string;
  caller: string;
  caller_name: string;
  queue: string;
  tries: number;
  first: number | null;
  last: number | null;
  note: string;
  dial: string;
  caution: string;
}

/** The tables of `Live`, and two more: `unreturned`, and `pbxs` in a panel of several PBXs. */
export interface LiveRows {
  pbxs?: Record<string, PbxRow>;
  unreturned: Record<string, UnreturnedRow>;
  channels: Record<string, ChannelRow>;
  devices: Record<string, DeviceRow>;
  registrations: Record<string, RegistrationRow>;
  mailboxes: Record<string, MailboxRow>;
  queues: Record<string, QueueRow>;
  members: Record<string, MemberRow>;
  absent: Record<string, AbsentRow>;
  callers: Record<string, CallerRow>;
  conferences: Record<string, ConferenceRow>;
  participants: Record<string, ParticipantRow>;
  parked: Record<string, ParkedRow>;
}

/** A row of the items that hold a value. */
export interface ItemRow {
  pbx?: string;
  path: string;
  name: string;
  type: string;
  value: string | boolean;
  changed: number;
  by: string;
  stale: boolean;
  dev: string;
  box: string;
  db: string;
  read: number | null;
  can: "" | "switch" | "edit";
}

/** An event, with its number. */
export interface EventRow {
  pbx?: string;
  n: number;
  time: number;
  name: string;
  headers: Record<string, string>;
}

/** The state of the connection, and counts.

For a PBX that never was connected, there are only the state and the name. */
export interface ConnectionRow {
  state: "connected" | "lost" | "closed";
  name: string;
  stale?: boolean;
  address?: string;
  since?: number | null;
  lost_since?: number | null;
  next_try?: number | null;
  error?: string;
  rate?: number;
  kept?: number;
  dropped?: number;
  calls?: number;
  waiting?: number;
  failed?: number;
  version?: string;
  up_date?: string;
  up_time?: string;
}

/** The present of a replay, in seconds since 1970, and its speed.

The speed is 0 while the replay stands still, and missing while it plays as fast as it can. */
export interface ReplayPresent {
  at: number;
  speed: number | null;
}

/** A replay: its present, where its record begins and ends, and where nothing is recorded. */
export interface ReplayRow {
  at: number;
  speed: number | null;
  since: number;
  until: number;
  gaps: [number, number][];
}

/** The state of a panel of a replay has this row as well. */
export interface OfReplay {
  replay?: ReplayRow;
}

/** The full state that a panel shows, at one moment. */
export interface PanelState {
  replay?: ReplayRow;
  taken: number;
  tables: LiveRows;
  silent: Record<string, string>;
  items: Record<string, ItemRow>;
  connection: ConnectionRow;
  events: EventRow[];
  concurrency: [number, number][];
}

/** A state, and the actions that a page may do; it also serves a page without a kernel.

`now` is the time by the kernel's clock, also in a replay, whose present is in `replay`. In a
panel of several PBXs, `may` has the PBX's name before each action: ``berlin/hangup``. */
export interface Picture {
  replay?: ReplayRow;
  taken: number;
  tables: LiveRows;
  silent: Record<string, string>;
  items: Record<string, ItemRow>;
  connection: ConnectionRow;
  events: EventRow[];
  concurrency: [number, number][];
  t: "snapshot";
  seq: number;
  now: number;
  may: string[];
  readonly: boolean;
  wall: boolean;
  several: boolean;
}

/** A picture for some pages, by name: ``*`` means all, ``?`` those that have no snapshot yet. */
export interface Snapshot {
  replay?: ReplayRow;
  taken: number;
  tables: LiveRows;
  silent: Record<string, string>;
  items: Record<string, ItemRow>;
  connection: ConnectionRow;
  events: EventRow[];
  concurrency: [number, number][];
  t: "snapshot";
  seq: number;
  now: number;
  may: string[];
  readonly: boolean;
  wall: boolean;
  several: boolean;
  to: string[];
}

/** The changes since the message before it; without changes, it is a sign of life. */
export interface Delta {
  t: "delta";
  seq: number;
  now: number;
  set?: Record<string, Record<string, Record<string, string | boolean | number | null>>>;
  gone?: Record<string, string[]>;
  silent?: Record<string, string>;
  items?: Record<string, ItemRow>;
  items_gone?: string[];
  connection?: Record<string, string | boolean | number | null>;
  replay?: ReplayPresent;
  events?: EventRow[];
  dropped_events?: number;
  concurrency?: [number, number][];
}

/** The result of a click on a button. */
export interface Done {
  t: "done";
  id: string | number | null;
  ok: boolean;
  text: string;
}

/** The notebook's picture beside the panel has changed: `html` is the new one, with its mark. */
export interface Still {
  t: "still";
  html: string;
}

/** The panel is closed: no more messages follow. */
export interface Closed {
  t: "closed";
}

/** A page has become visible and wants a snapshot. */
export interface Hello {
  t: "hello";
  view: string;
}

/** A page is still visible, or not any more. */
export interface Visible {
  t: "visible";
  view: string;
  on: boolean;
}

/** A button was clicked at the moment `at`, in milliseconds by the kernel's clock. */
export interface Do {
  t: "do";
  view: string;
  id: string;
  what: string;
  args: Record<string, string | boolean | number>;
  at: number;
}
