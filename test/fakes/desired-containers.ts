/** A container as a desired state asks for it. */
export interface Wish {
  readonly name: string;
  readonly image: string;
  /** More keys of its component. */
  readonly config?: Readonly<Record<string, string>>;
}

/** The domain of the containers, in a desired state. */
export const containersDomain = (wishes: readonly Wish[], id = 'containers'): object => ({
  id,
  components: wishes.map(({ name, image, config = {} }) => ({
    id: name,
    version: image.slice(image.lastIndexOf(':') + 1),
    config: Object.entries({ image, ...config }).map(([key, value]) => ({ key, value })),
  })),
});
