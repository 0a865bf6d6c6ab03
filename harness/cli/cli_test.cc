#include <gtest/gtest.h>

#include "harness/cli/arguments.h"
#include "harness/cli/command.h"

namespace plumb::cli {
namespace {

TEST(Cli, SuggestsTheNearestName) {
  EXPECT_EQ(nearest("conformence", {"conformance", "perf", "up"}), "conformance");
  EXPECT_EQ(nearest("conf", {"conformance", "perf", "up"}), "conformance");
  EXPECT_EQ(nearest("xyzzyx", {"conformance", "perf", "up"}), "");
}

TEST(Cli, AnswersUsageErrorsWithTheirExitCode) {
  EXPECT_EQ(run_program({}), exit_usage);
  EXPECT_EQ(run_program({"versoin"}), exit_usage);
  EXPECT_EQ(run_program({"version", "--nonsense"}), exit_usage);
  EXPECT_EQ(run_program({"version", "--output", "yaml"}), exit_usage);
  EXPECT_EQ(run_program({"list", "unicorns"}), exit_usage);
}

TEST(Cli, TakesGlobalFlagsBeforeAndAfterTheCommand) {
  EXPECT_EQ(run_program({"--log-level", "error", "version"}), exit_ok);
  EXPECT_EQ(run_program({"--kubeconfig=/nowhere", "version", "--context", "x"}), exit_ok);
}

TEST(Cli, ReadsOptionsIntoTheirVariables) {
  Globals globals;
  std::string name = "default", mode = "a";
  int count = 1;
  bool flag = false;
  std::vector<std::string> rest;
  Arguments arguments("test", "a test", globals);
  arguments.option("--name", name, "").option("--count,-c", count, "").flag("--flag", flag, "").choice("--mode", mode, {"a", "b"}, "");
  arguments.positionals("rest", rest, "");
  EXPECT_EQ(arguments.parse({"-c", "7", "--flag", "x", "y", "--kubeconfig", "k"}), std::nullopt);
  EXPECT_EQ(name, "default");
  EXPECT_EQ(count, 7);
  EXPECT_TRUE(flag);
  EXPECT_EQ(rest, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(globals.kubeconfig, "k");
  EXPECT_EQ(arguments.parse({"--mode", "c"}), exit_usage);
  EXPECT_EQ(arguments.parse({"--count", "many"}), exit_usage);
}

}  // namespace
}  // namespace plumb::cli
