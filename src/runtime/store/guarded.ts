/**
 * Calls `callback` on behalf of somebody who must go on whatever it does: what it throws is thrown again from a task
 * of its own, where the process-level handler finds it (RT-8).
 */
export function callGuarded(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
