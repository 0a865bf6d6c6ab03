#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "harness/cli/arguments.h"
#include "harness/runner/conformance_test.h"
#include "harness/runner/coverage/watched_transport.h"

namespace plumb::harness {
namespace {

constexpr int report_descriptor = 3;

void report(const Json& line) {
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t n = write(report_descriptor, text.data() + sent, text.size() - sent);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

class PipeReporter final : public Reporter {
 public:
  void step(const std::string& what) override { report({{"step", what}}); }
  void cleanup(const std::string& path) override { report({{"cleanup", path}}); }
  void undo(const std::string& path, PatchKind kind, const Json& patch) override {
    report({{"undo", {{"path", path}, {"type", client::content_type(kind)}, {"patch", patch}}}});
  }
};

class FailureListener final : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const std::string where = result.file_name() == nullptr ? "" : std::string(result.file_name()) + ":" + std::to_string(result.line_number()) + ": ";
    report({{"failure", where + result.message()}});
  }
};

struct Job {
  ConformanceTest test;
  std::string manifest;
  std::string space;
  Images images;
  std::shared_ptr<Client> client;
  Connect connect;
};

class Fixture : public testing::Test {
 public:
  explicit Fixture(const Job& job) : job_(job) {}
  void TestBody() override {
    PipeReporter reporter;
    Cluster cluster(job_.client, job_.space, job_.manifest, job_.images, reporter, job_.connect);
    try {
      job_.test.body(cluster);
    } catch (const TestEnded&) {
    }
  }

 private:
  const Job& job_;
};

Status make_namespace(Client& client, const std::string& space, const std::string& run) {
  report({{"step", "creating namespace " + space}});
  const Json body{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", space}, {"labels", {{"plumb.io/run", run}}}}}};
  auto made = client.create({"v1", "namespaces"}, body);
  if (!made.ok()) return made.error();
  return {};
}

class WorkerCommand final : public cli::Command {
 public:
  std::string summary() const override { return "run one conformance test for the runner"; }
  bool hidden() const override { return true; }
  int run(const std::vector<std::string>& args, cli::Globals globals) override {
    std::string name, space, run_id, blank;
    Images images;
    cli::Arguments arguments("conformance-worker", summary(), globals);
    arguments.positional("test", name, "", true).option("--namespace", space, "").option("--run", run_id, "");
    arguments.option("--blank", blank, "blank the answers of this operation");
    arguments.option("--image", images.first, "").option("--image-v2", images.second, "");
    if (const auto done = arguments.parse(args)) return *done;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto test = Registry<ConformanceTest>::make(name);
    if (test == nullptr || space.empty()) return cli::exit_usage;
    const auto manifest = Registry<Manifest>::make(name);
    const auto config = client::load_config({globals.kubeconfig, globals.context});
    if (!config.ok()) return setup_failed(config.error());
    const auto watch = std::make_shared<CallWatch>(blank);
    const Connect connect = [watch](const client::Config& as) -> Result<std::shared_ptr<Client>> {
      return std::make_shared<Client>(as, watch_calls(PLUMB_TRY(client::make_curl_transport(as)), watch));
    };
    auto client = connect(*config);
    if (!client.ok()) return setup_failed(client.error());
    if (const Status made = make_namespace(**client, space, run_id); !made.ok()) return setup_failed(made.error());
    watch->forget();
    return execute({*test, manifest == nullptr ? std::string() : manifest->text, space, images, *client, connect}, name, *watch);
  }

 private:
  static int setup_failed(const Error& error) {
    report({{"failure", "the test could not be set up: " + error.message}});
    report({{"done", true}});
    return cli::exit_unavailable;
  }

  static int execute(const Job& job, const std::string& name, const CallWatch& watch) {
    int count = 1;
    std::string program = "plumb";
    char* values[] = {program.data(), nullptr};
    testing::InitGoogleTest(&count, values);
    testing::UnitTest::GetInstance()->listeners().Append(new FailureListener);
    const std::string short_name = name.substr(name.find('/') + 1);
    testing::RegisterTest(job.test.suite.c_str(), short_name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [&job]() -> Fixture* { return new Fixture(job); });
    const int outcome = RUN_ALL_TESTS();
    report({{"calls", watch.operations()}});
    report({{"done", true}});
    return outcome == 0 ? cli::exit_ok : cli::exit_failed;
  }
};

const Registered<cli::Command> registered_worker_command{"conformance-worker", [] { return std::make_unique<WorkerCommand>(); }};

}  // namespace
}  // namespace plumb::harness
