import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // Not "assets": that is where the pages of assets are.
  build: { outDir: "../web-dist", assetsDir: "app", emptyOutDir: true, sourcemap: false, chunkSizeWarningLimit: 900 },
});
