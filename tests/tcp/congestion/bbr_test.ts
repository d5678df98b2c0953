import { testConformance } from "./conformance.ts";
testConformance("bbr");
