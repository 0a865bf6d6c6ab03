#include "harness/results/model.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/file.h"

namespace plumb::results {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> test_verdicts{"passed", "failed", "skipped", "unsupported", "unknown"};
constexpr std::array<std::string_view, 4> run_verdicts{"success", "partial", "failure", "invalid"};

template <class Enum, std::size_t n>
Result<Enum> parse(const std::array<std::string_view, n>& names, const std::string& text) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return fail(Code::invalid_argument, "unknown verdict \"" + text + "\"");
}

template <class T>
T get(const json& object, const char* key, T otherwise = {}) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? otherwise : found->get<T>();
}

std::optional<WallTime> get_time(const json& object, const char* key) { return parse_time(get<std::string>(object, key)); }

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

json to_json(const ClusterIdentity& cluster) {
  json nodes = json::array();
  for (const Node& node : cluster.nodes) {
    nodes.push_back({{"name", node.name},
                     {"kubeletVersion", node.kubelet_version},
                     {"containerRuntime", node.container_runtime},
                     {"osImage", node.os_image},
                     {"architecture", node.architecture}});
  }
  return {{"endpoint", cluster.endpoint},
          {"version", cluster.version},
          {"platform", cluster.platform},
          {"nodeCount", cluster.node_count},
          {"nodes", std::move(nodes)}};
}

ClusterIdentity cluster_from_json(const json& document) {
  ClusterIdentity cluster{.endpoint = get<std::string>(document, "endpoint"),
                          .version = get<std::string>(document, "version"),
                          .platform = get<std::string>(document, "platform"),
                          .node_count = get<int>(document, "nodeCount")};
  for (const json& node : get<json>(document, "nodes", json::array())) {
    cluster.nodes.push_back({.name = get<std::string>(node, "name"),
                             .kubelet_version = get<std::string>(node, "kubeletVersion"),
                             .container_runtime = get<std::string>(node, "containerRuntime"),
                             .os_image = get<std::string>(node, "osImage"),
                             .architecture = get<std::string>(node, "architecture")});
  }
  return cluster;
}

json to_json(const TestResult& test) {
  json out{{"name", test.name},
           {"suite", test.suite},
           {"requirement", test.requirement},
           {"covers", test.covers},
           {"needs", test.needs},
           {"required", test.required},
           {"verdict", to_string(test.verdict)},
           {"durationSeconds", seconds(test.duration)},
           {"calls", test.calls},
           {"evidence", test.evidence}};
  if (test.started) out["started"] = format_time(*test.started);
  if (!test.message.empty()) out["message"] = test.message;
  if (!test.missing.empty()) out["missing"] = test.missing;
  return out;
}

Result<TestResult> test_from_json(const json& document) {
  if (!document.is_object()) return fail(Code::invalid_argument, "a test is not an object");
  // Ahead of the rest: g++ drops, and does not destroy, what a half-made aggregate holds when PLUMB_TRY leaves it.
  const auto verdict = PLUMB_TRY(parse<TestVerdict>(test_verdicts, get<std::string>(document, "verdict", "unknown")));
  return TestResult{
      .name = get<std::string>(document, "name"),
      .suite = get<std::string>(document, "suite"),
      .requirement = get<std::string>(document, "requirement"),
      .covers = get<std::vector<std::string>>(document, "covers"),
      .needs = get<std::vector<std::string>>(document, "needs"),
      .required = get<bool>(document, "required", true),
      .verdict = verdict,
      .started = get_time(document, "started"),
      .duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(get<double>(document, "durationSeconds"))),
      .message = get<std::string>(document, "message"),
      .missing = get<std::string>(document, "missing"),
      .calls = get<std::vector<std::string>>(document, "calls"),
      .evidence = get<std::vector<std::string>>(document, "evidence")};
}

Result<Run> read(const json& document) {
  if (!document.is_object() || !get<json>(document, "tests", json::array()).is_array()) {
    return fail(Code::invalid_argument, "not a result of plumb: an object with a list of tests is expected");
  }
  const int version = get<int>(document, "schemaVersion");
  if (version < 1) return fail(Code::invalid_argument, "not a result of plumb: schemaVersion is missing");
  if (version > schema_version) {
    return fail(Code::unsupported, "schemaVersion " + std::to_string(version) + " is newer than this plumb understands (" +
                                       std::to_string(schema_version) + "): use the plumb that wrote it, or a later one");
  }
  Run run{.id = get<std::string>(document, "id"),
          .kind = get<std::string>(document, "kind"),
          .tool_version = get<std::string>(document, "toolVersion"),
          .command = get<std::string>(document, "command"),
          .cluster = cluster_from_json(get<json>(document, "cluster", json::object())),
          .started = get_time(document, "started").value_or(WallTime{}),
          .finished = get_time(document, "finished"),
          .verdict = PLUMB_TRY(parse<RunVerdict>(run_verdicts, get<std::string>(document, "verdict"))),
          .message = get<std::string>(document, "message")};
  for (const json& test : get<json>(document, "tests", json::array())) run.tests.push_back(PLUMB_TRY(test_from_json(test)));
  run.scenarios = get<std::vector<json>>(document, "scenarios");
  return run;
}

}  // namespace

std::string_view to_string(TestVerdict verdict) { return test_verdicts[static_cast<std::size_t>(verdict)]; }
std::string_view to_string(RunVerdict verdict) { return run_verdicts[static_cast<std::size_t>(verdict)]; }

RunVerdict conclude(const Run& run) {
  if (run.verdict == RunVerdict::invalid) return RunVerdict::invalid;
  bool complete = run.finished.has_value();
  for (const TestResult& test : run.tests) {
    if (test.verdict == TestVerdict::failed) return RunVerdict::failure;
    if (test.verdict == TestVerdict::unknown || (test.required && test.verdict != TestVerdict::passed)) complete = false;
  }
  return complete ? RunVerdict::success : RunVerdict::partial;
}

json to_json(const Run& run) {
  json tests = json::array();
  for (const TestResult& test : run.tests) tests.push_back(to_json(test));
  json out{{"schemaVersion", schema_version},
           {"id", run.id},
           {"kind", run.kind},
           {"toolVersion", run.tool_version},
           {"command", run.command},
           {"cluster", to_json(run.cluster)},
           {"started", format_time(run.started)},
           {"verdict", to_string(run.verdict)},
           {"tests", std::move(tests)},
           {"scenarios", run.scenarios}};
  if (run.finished) out["finished"] = format_time(*run.finished);
  if (!run.message.empty()) out["message"] = run.message;
  return out;
}

Result<Run> run_from_json(const json& document) {
  try {
    return read(document);
  } catch (const json::exception& problem) {
    return fail(Code::invalid_argument, std::string("a field has the wrong type: ") + problem.what());
  }
}

Status save(const Run& run, const std::string& path) {
  const std::string text = to_json(run).dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  const std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return fail_errno("write results to " + temporary);
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(file, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Error error = fail_errno("write results to " + temporary);
      ::close(file);
      return error;
    }
    written += static_cast<std::size_t>(n);
  }
  ::close(file);
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno("put results in place at " + path);
  return {};
}

Result<Run> load(const std::string& path) {
  const json document = json::parse(PLUMB_TRY(read_file(path)), nullptr, false);
  if (document.is_discarded() || !document.is_object()) {
    return fail(Code::invalid_argument, "read results from " + path + ": not a JSON object; give the results.json of a run");
  }
  auto run = run_from_json(document);
  if (!run.ok()) return run.error().in("read results from " + path);
  return run;
}

std::string format_time(WallTime time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t whole = static_cast<std::time_t>(since >= 0 ? since / 1000 : (since - 999) / 1000);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ", static_cast<int>(since - whole * 1000));
  return text.data();
}

std::optional<WallTime> parse_time(std::string_view text) {
  const std::string owned(text);
  std::tm parts{};
  const char* rest = strptime(owned.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  Duration fraction{};
  if (*rest == '.') {
    Duration unit = std::chrono::seconds(1);
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest) fraction += (unit /= 10) * (*rest - '0');
  }
  if (std::string_view(rest) != "Z") return std::nullopt;
  return WallTime(std::chrono::seconds(timegm(&parts))) + fraction;
}

}  // namespace plumb::results
