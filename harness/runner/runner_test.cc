#include "harness/runner/runner.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/runner/manifest.h"
#include "harness/runner/worker.h"

namespace plumb::harness {
namespace {

using results::RunVerdict;
using results::TestVerdict;

// A cluster that answers every request with an empty list, and remembers what was deleted.
class EmptyCluster final : public client::Transport {
 public:
  explicit EmptyCluster(std::vector<std::string>& deleted) : deleted_(deleted) {}
  void send_async(client::Request request, std::function<void(Result<client::Response>)> done) override {
    {
      std::lock_guard lock(mutex_);
      if (request.method == "DELETE") deleted_.push_back(request.target);
      if (request.method == "PATCH") deleted_.push_back(request.target + " " + request.body);
    }
    done(client::Response{200, {}, R"({"gitVersion":"v1.37.0","minor":"37","metadata":{},"items":[]})"});
  }
  std::unique_ptr<client::Stream> open(client::Request, client::StreamCallbacks callbacks) override {
    callbacks.on_end(fail(Code::unavailable, "no streams here"));
    return nullptr;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string>& deleted_;
};

// The worker is a shell that behaves as the test's name says.
constexpr const char* shell_worker = R"(case $0 in
  t/pass) echo '{"cleanup":"/made"}' >&3; echo '{"done":true}' >&3;;
  t/fail) echo '{"failure":"expected 1, got 2"}' >&3; echo '{"done":true}' >&3; exit 1;;
  t/crash) echo '{"step":"dividing"}' >&3; echo '{"undo":{"path":"/changed","type":"application/merge-patch+json","patch":{"a":null}}}' >&3; kill -SEGV $$;;
  t/exit) exit 0;;
esac)";

struct RunnerTest : testing::Test {
  RunnerTest() {
    options.output_dir = testing::TempDir() + "/plumb_runner_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    options.worker = {"/bin/sh", "-c", shell_worker};
    options.parallel = 3;
  }
  Result<results::Run> run(const std::vector<NamedTest>& tests) {
    auto client = std::make_shared<client::Client>(client::Config{.server = "https://test:1"}, std::make_unique<EmptyCluster>(deleted));
    return run_tests(tests, client, options);
  }
  std::vector<std::string> deleted;
  RunnerOptions options;
};

TEST_F(RunnerTest, JudgesWhateverHappensToAWorker) {
  const auto run = this->run({{"t/pass"}, {"t/fail"}, {"t/crash"}, {"t/exit", {.serial = true}}, {"t/far", {.needs = {"version>=1.99"}}}});
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(run->verdict, RunVerdict::failure);
  EXPECT_EQ(run->tests[0].verdict, TestVerdict::passed);
  EXPECT_EQ(run->tests[1].verdict, TestVerdict::failed);
  EXPECT_EQ(run->tests[1].message, "expected 1, got 2");
  EXPECT_FALSE(run->tests[1].evidence.empty());
  EXPECT_EQ(run->tests[2].verdict, TestVerdict::failed);
  EXPECT_NE(run->tests[2].message.find("signal 11"), std::string::npos);
  EXPECT_NE(run->tests[2].message.find("dividing"), std::string::npos);
  EXPECT_EQ(run->tests[3].verdict, TestVerdict::failed) << "a worker that just leaves has not passed";
  EXPECT_EQ(run->tests[4].verdict, TestVerdict::unsupported);
  EXPECT_NE(run->tests[4].missing.find("1.99"), std::string::npos);
  EXPECT_NE(std::find(deleted.begin(), deleted.end(), "/made"), deleted.end());
  EXPECT_NE(std::find(deleted.begin(), deleted.end(), "/changed {\"a\":null}"), deleted.end()) << "what a crashed one had changed is undone";
  EXPECT_EQ(deleted.size(), 6u) << "a namespace for each that ran, and what one made beside";
}

TEST_F(RunnerTest, TakesUpAnInterruptedRun) {
  options.stop = [] { return true; };
  auto run = this->run({{"t/pass"}, {"t/fail"}});
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->verdict, RunVerdict::partial);
  EXPECT_FALSE(run->finished);
  auto stored = *results::load(options.output_dir + "/results.json");
  EXPECT_EQ(stored.tests[0].verdict, TestVerdict::unknown);
  stored.tests[1].verdict = TestVerdict::passed;
  ASSERT_TRUE(results::save(stored, options.output_dir + "/results.json").ok());

  options.stop = [] { return false; };
  options.resume = true;
  run = this->run({{"t/pass"}, {"t/fail"}});
  ASSERT_TRUE(run.ok()) << run.error().message;
  EXPECT_EQ(run->id, stored.id);
  EXPECT_EQ(run->verdict, RunVerdict::success) << "what had a verdict is not run again";
}

TEST(Worker, IsKilledWhenItsTimeIsUp) {
  const auto outcome = run_worker({"/bin/sh", "-c", "while :; do read -r line < /dev/zero; done"}, "/dev/null", std::chrono::milliseconds(50), [](const auto&) {}, [] { return false; });
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_EQ(outcome->signal, 9);
}

TEST(Selection, RefusesBadExpressionsAndNothing) {
  const std::vector<NamedTest> tests{{"apps/one"}, {"auth/two"}};
  EXPECT_EQ(select(tests, {.focus = "APPS"})->size(), 1u);
  EXPECT_EQ(select(tests, {.focus = "("}).error().code, Code::invalid_argument);
  EXPECT_EQ(select(tests, {.focus = "none"}).error().code, Code::not_found);
  EXPECT_EQ(select(tests, {.skip = "["}).error().code, Code::invalid_argument);
}

TEST(ManifestText, IsTypedAsKubernetesDoes) {
  const auto documents = parse_yaml("a: 1\nb: \"1\"\nc: true\nd: [x, 1.5, null, 0400]\n---\ne: {f: v1.20}\n");
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].dump(), R"({"a":1,"b":"1","c":true,"d":["x",1.5,null,256]})");
  EXPECT_EQ((*documents)[1]["e"]["f"], "v1.20");
  EXPECT_FALSE(parse_yaml("{").ok());
}

}  // namespace
}  // namespace plumb::harness
