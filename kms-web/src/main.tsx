/** The entry of the web console. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isWorthRetrying } from "./api/client.ts";
import { App } from "./app.tsx";
import { applyTheme, storedTheme } from "./shell/theme.ts";
import "./styles.css";

applyTheme(storedTheme());

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Events say when something changed; the slow poll is for the case that one was lost.
      staleTime: 5_000,
      refetchInterval: 30_000,
      retry: (count, error) => count < 2 && isWorthRetrying(error),
    },
  },
});

const element = document.getElementById("root");
if (!element) throw new Error("index.html has no element with the id root");
createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
