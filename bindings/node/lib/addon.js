"use strict";
// What the add-on for this platform is called.

const musl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;

module.exports = { addon: `fence.${process.platform}-${process.arch}${musl ? "-musl" : ""}.node` };
