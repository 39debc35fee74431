export const isWild = (filter: string): boolean => filter.includes('+') || filter.includes('#');
