/** What containers are told, as data: each order may be given again and comes to the same (CUA-33). */
import type { Terms, UpdateAction } from './operation.js';

export type Order =
  /** Pulls the image and makes the instance, stopped. */
  | { readonly do: 'create'; readonly id: string; readonly name: string }
  /** One that is stopped or gone already is fine. */
  | { readonly do: 'stop'; readonly id: string }
  | { readonly do: 'start'; readonly id: string; readonly name: string }
  /** Resumes what is paused, starts what is not running. */
  | { readonly do: 'run'; readonly id: string; readonly name: string }
  | { readonly do: 'limit'; readonly id: string; readonly name: string; readonly terms: Terms }
  /** `current` of one that is gone is an error only where `mustExist`. */
  | {
      readonly do: 'role';
      readonly id: string;
      readonly name: string;
      readonly role: 'current' | 'old';
      readonly mustExist: boolean;
    }
  /** By force; gone is fine. */
  | { readonly do: 'remove'; readonly id: string };

/** What is done about one action; the first order that fails ends it. */
export interface Step {
  /** Place of the action. */
  readonly place: number;
  readonly orders: readonly Order[];
}

export interface StepFailure {
  readonly place: number;
  readonly error: string;
}

/** F.3 of the specification: a container that vanished meanwhile. */
export const noLongerExists = (name: string): string => `container ${name} no longer exists`;

type Named = Pick<UpdateAction, 'name'>;

const one = (id: string | undefined, order: (id: string) => Order): Order[] => (id === undefined ? [] : [order(id)]);

export const create = ({ name, planned }: UpdateAction): Order[] => one(planned, (id) => ({ do: 'create', id, name }));

export const stop = ({ present }: UpdateAction): Order[] => one(present, (id) => ({ do: 'stop', id }));

export const remove = (id: string | undefined): Order[] => one(id, (known) => ({ do: 'remove', id: known }));

export const start = ({ name }: Named, id: string | undefined): Order[] =>
  one(id, (known) => ({ do: 'start', id: known, name }));

export const run = ({ name, present }: UpdateAction): Order[] => one(present, (id) => ({ do: 'run', id, name }));

export const limit = ({ name, present, terms }: UpdateAction, which: 'before' | 'after'): Order[] =>
  terms ? one(present, (id) => ({ do: 'limit', id, name, terms: terms[which] })) : [];

/** The new instance takes the name over and runs (ENG-2). */
export const takeOver = (action: UpdateAction): Order[] => {
  const { name, present, planned } = action;
  return [
    ...one(present, (id) => ({ do: 'role', id, name, role: 'old', mustExist: false })),
    ...one(planned, (id) => ({ do: 'role', id, name, role: 'current', mustExist: true })),
    ...start(action, planned),
  ];
};

/** The new instance goes and the present one has its name again. */
export const giveBack = ({ name, present, planned }: UpdateAction): Order[] => [
  ...remove(planned),
  ...one(present, (id) => ({ do: 'role', id, name, role: 'current', mustExist: false })),
];
