// Replays transcripts of real kubectl (fixtures/kubectl/*.txt) against a cluster of our own. What stands in a transcript, and how another
// kubectl than the one in PATH is taken, says their README.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "harness/base/encoding.h"
#include "harness/base/process.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Step {
  int line = 0;
  std::string command;
  bool until = false;  // again and again, until it is as expected
  int exit_code = 0;
  std::vector<std::string> expected;
};

struct Transcript {
  bool nodes = false;
  std::vector<Step> steps;
};

Transcript read_transcript(const fs::path& path) {
  Transcript out;
  std::ifstream in(path);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("# needs: nodes")) out.nodes = true;
    if (line.starts_with("#")) continue;
    if (line.starts_with("$ ") || line.starts_with("until $ ")) {
      Step step;
      step.line = number;
      step.until = line[0] == 'u';
      step.command = line.substr(line.find("$ ") + 2);
      out.steps.push_back(step);
    } else if (line.starts_with("exit ") && !out.steps.empty()) {
      out.steps.back().exit_code = std::atoi(line.c_str() + 5);
    } else if (!line.empty() && !out.steps.empty()) {
      out.steps.back().expected.push_back(line);
    }
  }
  return out;
}

bool line_fits(const std::string& expected, const std::string& actual) {
  if (expected.starts_with("~ ")) return std::regex_search(actual, std::regex(expected.substr(2)));
  return expected == actual;
}

// "..." stands for any number of lines.
bool fits(const std::vector<std::string>& expected, const std::vector<std::string>& actual, std::size_t e = 0, std::size_t a = 0) {
  if (e == expected.size()) return a == actual.size();
  if (expected[e] == "...") {
    for (std::size_t skip = a; skip <= actual.size(); ++skip)
      if (fits(expected, actual, e + 1, skip)) return true;
    return false;
  }
  return a < actual.size() && line_fits(expected[e], actual[a]) && fits(expected, actual, e + 1, a + 1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string_view line : split(text, '\n'))
    if (!trim(line).empty()) out.emplace_back(line.substr(0, line.find_last_not_of(" \r") + 1));
  return out;
}

// $PLUMB_KUBECTL, else the one in PATH; empty when there is none.
std::string kubectl_program() {
  if (const char* chosen = std::getenv("PLUMB_KUBECTL"); chosen && *chosen) return fs::exists(chosen) ? fs::absolute(chosen).string() : "";
  const auto found = run_checked({"/bin/sh", "-c", "command -v kubectl"});
  return found.ok() ? std::string(trim(*found)) : "";
}
std::string program(const char* name) { return fs::read_symlink("/proc/self/exe").parent_path() / name; }

class Kubectl : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string kubectl = kubectl_program();
    if (kubectl.empty()) GTEST_SKIP() << "needs kubectl in PATH (Debian: kubernetes-client) or named by PLUMB_KUBECTL";
    transcript_ = read_transcript("fixtures/kubectl/" + GetParam());
    if (transcript_.nodes && geteuid() != 0) GTEST_SKIP() << "needs root, for a node that runs containers";
    char folder[] = "/tmp/plumb-kubectl-XXXXXX";
    dir_ = mkdtemp(folder);
    fs::create_directory(dir_ + "/bin");
    fs::create_symlink(kubectl, dir_ + "/bin/kubectl");
    const auto up = run_checked({program("plumbd"), "up", "--dir", dir_ + "/cluster", "--name", "kubectl", "--nodes", transcript_.nodes ? "1" : "0", "--dns=false"},
                                {.limit = 120s, .input = {}});
    ASSERT_TRUE(up.ok()) << up.error().message;
  }
  void TearDown() override {
    if (dir_.empty()) return;
    const auto down = run_checked({program("plumbd"), "down", "--dir", dir_ + "/cluster"}, {.limit = 60s, .input = {}});
    EXPECT_TRUE(down.ok()) << down.error().message;
    fs::remove_all(dir_);
  }

  Captured run(const std::string& command) {
    ProcessSpec spec;
    spec.args = {"/bin/bash", "-c", command};
    spec.extra_env = {{"KUBECONFIG", dir_ + "/cluster/kubeconfig"}, {"DIR", dir_}, {"FIXTURES", fs::absolute("fixtures").string()}, {"HOME", dir_},
                      {"PATH", dir_ + "/bin:" + std::getenv("PATH")},
                      {"IMAGE", "registry.plumbline.test/plumb-test"}};
    auto done = run_and_capture(spec, {.limit = 60s, .input = {}});
    return done.ok() ? *done : Captured{{255, 0}, "", done.error().message};
  }
  // What differs; empty when all is as expected.
  std::string difference(const Step& step) {
    const Captured got = run(step.command);
    const auto actual = lines_of(got.out + got.err);
    if (got.status.code == step.exit_code && fits(step.expected, actual)) return {};
    return GetParam() + ":" + std::to_string(step.line) + ": $ " + step.command + "\nexpected (exit code " + std::to_string(step.exit_code) + "):\n" +
           join(step.expected, "\n") + "\nactual (" + got.status.text() + "):\n" + join(actual, "\n");
  }

  Transcript transcript_;
  std::string dir_;
};

TEST_P(Kubectl, SaysWhatTheTranscriptSays) {
  for (const Step& step : transcript_.steps) {
    std::string problem = difference(step);
    const Instant deadline = real_clock().now() + 60s;
    while (!problem.empty() && step.until && real_clock().now() < deadline) {
      usleep(100'000);
      problem = difference(step);
    }
    ASSERT_TRUE(problem.empty()) << problem;
  }
}

std::vector<std::string> transcripts() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator("fixtures/kubectl"))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}
INSTANTIATE_TEST_SUITE_P(Transcripts, Kubectl, ::testing::ValuesIn(transcripts()), [](const auto& info) {
  std::string name = info.param.substr(0, info.param.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace plumb::cluster
