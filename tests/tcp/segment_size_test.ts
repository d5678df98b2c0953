import { assertEquals } from "@std/assert";
import { AccurateEcn, EcnMode, EcnState } from "../../src/tcp/ecn_state.ts";
import { MtuSearch } from "../../src/tcp/mtu_search_state.ts";
import {
  headerBytes,
  isOverIpv4,
  optionBytes,
  updateSegmentSize,
} from "../../src/tcp/segment_size.ts";
import { makeConnection } from "./connections.ts";

Deno.test("Goal: a full segment is what the peer, the path and a search allow, less the options", () => {
  const conn = makeConnection();
  const size = () => {
    updateSegmentSize(conn);
    return conn.sndMss;
  };
  conn.mssLimit = 1460;
  conn.pathMtu = 1500;
  conn.timestamps = false;
  const headers = headerBytes(conn);
  assertEquals(headers, isOverIpv4(conn) ? 40 : 60);
  assertEquals(size(), Math.min(1460, 1500 - headers));
  conn.mssLimit = 1000;
  assertEquals(size(), 1000);
  conn.pathMtu = 800 + headers;
  assertEquals(size(), 800);
  conn.timestamps = true;
  assertEquals([optionBytes(conn), size()], [12, 788]);
  conn.ecn = new EcnState(EcnMode.accurate, new AccurateEcn(0, false));
  assertEquals(size(), 788, "no option has been seen");
  conn.ecn.accurate!.option = true;
  assertEquals([optionBytes(conn), size()], [24, 776]);
  conn.mtuSearch = new MtuSearch(600 + headers, 1500, 0);
  assertEquals(size(), 576);
});

Deno.test("Goal: no limit makes segments of a few bytes", () => {
  const conn = makeConnection();
  conn.pathMtu = 1500;
  for (const limit of [0, 1, 47, 48]) {
    conn.mssLimit = limit;
    conn.timestamps = true;
    updateSegmentSize(conn);
    assertEquals(conn.sndMss, 36);
  }
});
