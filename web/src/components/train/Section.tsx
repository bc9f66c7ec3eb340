import { type ReactNode, useId } from "react";
import { SectionBoundary } from "../ErrorFallbacks";

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A part of a run, with its heading. */
export function Section({ title, children, className }: Props) {
  const id = useId();
  return (
    <section className={className ? `part ${className}` : "part"} aria-labelledby={id}>
      <h4 id={id}>{title}</h4>
      <SectionBoundary name={title} resetKeys={[children]}>
        {children}
      </SectionBoundary>
    </section>
  );
}
