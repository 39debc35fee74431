/** Runs `task` at once and then `everyMs` after it ended, but not while the page is hidden. Returns how to stop. */
export function poll(task: () => Promise<void>, everyMs: number): () => void {
  let timer: number | undefined;
  let isStopped = false;
  let isRunning = false;
  const run = async (): Promise<void> => {
    if (isRunning || isStopped) return;
    isRunning = true;
    await task().finally(() => {
      isRunning = false;
    });
    if (!isStopped && !document.hidden) timer = setTimeout(run, everyMs);
  };
  const onVisibility = (): void => {
    clearTimeout(timer);
    if (!document.hidden) void run();
  };
  document.addEventListener('visibilitychange', onVisibility);
  void run();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisibility);
  };
}
