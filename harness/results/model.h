// The result of one run, conformance or performance: what was asked, of which cluster, and what came out. One JSON file a run
// (`results.json`), versioned; reports, comparisons and exporters read this and nothing else.
//
// The file is replaced atomically, so that a reader, or the next run with --resume, never sees half a result. Unknown fields are
// ignored when reading; a file of a later schema is refused. No secret is ever stored: the endpoint is host and port only.
//
// nlohmann/json.hpp must be included by whoever makes or destroys a Run.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::results {

inline constexpr int schema_version = 1;

enum class TestVerdict {
  passed,
  failed,
  skipped,      // left out on request
  unsupported,  // the cluster lacks something the test needs: see `missing`
  unknown,      // started, or planned, and never finished
};

enum class RunVerdict {
  success,  // everything ran and held
  partial,  // nothing failed, but something required is skipped, unsupported or unknown
  failure,  // something failed
  invalid,  // the run itself did not do what it claims: its numbers or verdicts mean nothing
};

std::string_view to_string(TestVerdict verdict);
std::string_view to_string(RunVerdict verdict);

struct Node {
  std::string name;
  std::string kubelet_version;
  std::string container_runtime;
  std::string os_image;
  std::string architecture;
};

struct ClusterIdentity {
  std::string endpoint;  // host:port
  std::string version;   // gitVersion
  std::string platform;
  std::vector<Node> nodes;  // at most a hundred; node_count has the true number
  int node_count = 0;
};

struct TestResult {
  std::string name;   // suite/short_name, the address of the test
  std::string suite;  // folder: api_machinery, apps, …
  std::string requirement;
  std::vector<std::string> covers;  // upstream's test names
  std::vector<std::string> needs;
  bool required = true;
  TestVerdict verdict = TestVerdict::unknown;
  std::optional<WallTime> started;
  Duration duration{};
  std::string message;                // of a failure, with expected against actual; why it was skipped
  std::string missing;                // the need that the cluster lacks
  std::vector<std::string> calls;     // the API's operations that it called, of those upstream holds eligible for conformance
  std::vector<std::string> evidence;  // paths, relative to the result file's folder
};

struct Run {
  std::string id;            // unique; also the value of the label on what the run creates
  std::string kind;          // "conformance" or "perf"
  std::string tool_version;
  std::string command;       // as to be typed to repeat it, without secrets
  ClusterIdentity cluster;
  WallTime started{};
  std::optional<WallTime> finished;  // absent while it runs, and for good when it was interrupted
  RunVerdict verdict = RunVerdict::partial;
  std::string message;  // why the run is invalid or was interrupted
  std::vector<TestResult> tests;
  std::vector<nlohmann::json> scenarios;  // of performance runs; the load engine says what stands in one
};

// What the tests add up to. An unfinished run is at best partial; `invalid` stays.
RunVerdict conclude(const Run& run);

nlohmann::json to_json(const Run& run);
Result<Run> run_from_json(const nlohmann::json& document);

Status save(const Run& run, const std::string& path);
Result<Run> load(const std::string& path);

// RFC 3339 in UTC with milliseconds, and back.
std::string format_time(WallTime time);
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace plumb::results
