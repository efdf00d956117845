/** Keeps a scrolling box at its end while it is there; a person who scrolls up stays where they are. */
import { type UIEvent, useLayoutEffect, useRef } from "react";

/** Within this many pixels of the end a person counts as being there: zoom makes fractions. */
const slackPixels = 24;

/** `newest` changes whenever there is something new; undefined holds the box still. */
export function useFollow(newest: number | undefined) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (newest !== undefined && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [newest]);
  const onScroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: UIEvent) => {
    atEnd.current = scrollHeight - scrollTop - clientHeight < slackPixels;
  };
  return { box, onScroll };
}
