#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/load/outcome.h"
#include "harness/results/writer.h"
#include "reports/chart.h"
#include "reports/summary.h"
#include "reports/text.h"

namespace plumb::reports {
namespace {

const std::string hostile = "<script>alert('x')</script>\"&\x1b[31m\x01\xff]]>|`\n```";

results::Run hostile_run(int tests) {
  results::Run run;
  run.id = hostile;
  run.kind = "perf";
  run.command = run.message = run.cluster.endpoint = run.cluster.version = hostile;
  run.cluster.nodes = {{hostile, hostile, hostile, hostile, hostile}};
  for (int i = 0; i < tests; ++i) {
    results::TestResult test;
    test.name = hostile + std::to_string(i);
    test.suite = test.requirement = test.message = test.missing = hostile;
    test.evidence = {hostile, "javascript:alert(1)", "evidence/events.txt"};
    test.covers = {hostile};
    test.verdict = static_cast<results::TestVerdict>(i % 5);
    run.tests.push_back(test);
  }
  harness::ScenarioOutcome o;
  o.name = o.question = o.size = "x";
  o.invalid = {"<script>1"};
  o.unsupported = "<script>11";
  harness::LoadResult load;
  load.latency_intended.record(1'000'000, 500);
  load.latency_intended.record(90'000'000, 5);
  load.latency_sent = load.latency_intended;
  load.sent = load.succeeded = 505;
  load.failed = {{"<script>2", 3}};
  o.operations = {outcome_of("<script>3", "<script>4", true, load)};
  o.metrics = metrics_of("<script>3", "<script>4", load);
  o.distributions = {{"<script>5", load.latency_intended, 1}};
  o.series = {{"<script>6", "1/s", {{0, 1}, {1, 2}, {2, 0}}}};
  o.thresholds = {{"<script>7", harness::Better::lower, 1, std::nullopt, false}};
  o.objects = {{"<script>8", 1, 0, 1, 0}};
  o.parameters = {{"<script>9", "<script>"}};
  o.cluster_metrics = {{"<script>10", 1}};
  run.scenarios = {to_json(o)};
  return run;
}

std::string written(const std::string& format, const results::Run& run, bool colours = false) {
  const auto writer = Registry<results::Writer>::make(format);
  EXPECT_NE(writer, nullptr) << format;
  const auto text = writer->write(run, {.colours = colours});
  EXPECT_TRUE(text.ok());
  return text.ok() ? *text : "";
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++found;
  return found;
}

TEST(Text, EscapesEverythingThatCouldBeMarkup) {
  EXPECT_EQ(escape("<a href='x'>&\"\x01"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\xEF\xBF\xBD");
  EXPECT_EQ(escape("ü €\t"), "ü €\t");
  EXPECT_EQ(escape("\xc3"), "\xEF\xBF\xBD");
  EXPECT_EQ(escape("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(escape_terminal("a\x1b[2Jb\x7f\xc2\x9b"), "a\xEF\xBF\xBD[2Jb\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(escape_markdown("a|b\n<i>*"), "a\\|b &lt;i&gt;\\*");
}

TEST(Text, NumbersAreReadable) {
  EXPECT_EQ(format_seconds(0.0000123), "12.3 µs");
  EXPECT_EQ(format_seconds(0.01234), "12.3 ms");
  EXPECT_EQ(format_seconds(125), "2 min 5 s");
  EXPECT_EQ(format_count(1234567), "1\u202f234\u202f567");
  EXPECT_EQ(format_number(0.12345), "0.123");
}

TEST(HtmlReport, IsOneSafePageWithoutOutsideResources) {
  const auto page = written("html", hostile_run(10));
  EXPECT_EQ(count(page, "<script>"), 1u);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  for (const std::string outside : {"http://", "https://", "//cdn", "@import", "url(", "src="}) EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  EXPECT_EQ(page.find("href=\"javascript:"), std::string::npos);
  EXPECT_NE(page.find("href=\"evidence/events.txt\""), std::string::npos);
  EXPECT_NE(page.find("<svg class=\"chart\""), std::string::npos);
  EXPECT_NE(page.find("These numbers mean nothing"), std::string::npos);
  EXPECT_EQ(count(page, "<details"), count(page, "</details>"));
  EXPECT_EQ(count(page, "<div"), count(page, "</div>"));
  EXPECT_EQ(count(page, "<section"), count(page, "</section>"));
}

TEST(HtmlReport, TakesAThousandTests) {
  const auto page = written("html", hostile_run(1000));
  EXPECT_EQ(count(page, "<details"), 1000u);
  EXPECT_LT(page.size(), 4u << 20);
}

TEST(Junit, IsWellFormedAndCounts) {
  const auto xml = written("junit", hostile_run(10));
  EXPECT_EQ(count(xml, "<testcase"), 12u);
  EXPECT_EQ(count(xml, "<failure"), 4u);
  EXPECT_NE(xml.find("tests=\"12\" failures=\"4\" errors=\"2\""), std::string::npos) << xml.substr(0, 300);
  EXPECT_EQ(xml.find("<script>"), std::string::npos);
  EXPECT_EQ(xml.find('\x01'), std::string::npos);
}

TEST(Terminal, HasColoursOnlyWhenAsked) {
  EXPECT_EQ(written("terminal", hostile_run(10)).find('\x1b'), std::string::npos);
  EXPECT_NE(written("terminal", hostile_run(10), true).find("\x1b[1;31mfailed"), std::string::npos);
}

TEST(Markdown, KeepsMarkupOfOthersOut) {
  const auto text = written("markdown", hostile_run(5));
  EXPECT_EQ(text.find("| <script>"), std::string::npos);
  EXPECT_NE(text.find("````\n"), std::string::npos);  // a longer fence than the text has
}

TEST(Prometheus, EscapesLabels) {
  const auto text = written("prometheus", hostile_run(5));
  EXPECT_NE(text.find("plumb_run_tests{verdict=\"failed\"} 1"), std::string::npos) << text;
  EXPECT_NE(text.find("plumb_run_scenario_valid{scenario=\"x\",size=\"x\",repetition=\"1\"} 0"), std::string::npos);
}

TEST(Chart, NeedsTwoPoints) {
  Chart chart;
  chart.x_text = chart.y_text = format_number;
  EXPECT_EQ(to_svg(chart), "");
  chart.lines = {{"a", {{0, 1}}, 0, false, false}};
  EXPECT_EQ(to_svg(chart), "");
  chart.lines[0].points.emplace_back(0, 1);
  EXPECT_NE(to_svg(chart).find("<polyline"), std::string::npos);
  EXPECT_EQ(to_svg(chart).find("nan"), std::string::npos);
}

TEST(Summary, LossesAddUpToWhatIsLost) {
  harness::OperationOutcome operation;
  operation.requested = 100;
  operation.sent = 90;
  operation.succeeded = 70;
  operation.failed = {{"HTTP 404", 2}, {"HTTP 429", 13}};
  operation.unfinished = 5;
  operation.unsent = 10;
  std::uint64_t sum = 0;
  std::vector<std::string> words;
  for (const Loss& loss : losses(operation)) {
    sum += loss.count;
    words.push_back(loss.what);
  }
  EXPECT_EQ(words, (std::vector<std::string>{"HTTP 404", "HTTP 429", "never finished", "never sent"}));
  EXPECT_EQ(sum, lost(operation));
  EXPECT_EQ(sum, operation.requested - operation.succeeded);
}

}  // namespace
}  // namespace plumb::reports
