#include "harness/base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace plumb {
namespace {

using namespace std::chrono_literals;

ProcessSpec shell(const std::string& script) {
  ProcessSpec spec;
  spec.args = {"sh", "-c", script};
  return spec;
}

TEST(Process, CapturesStreamsAndExitCode) {
  const auto captured = run_and_capture(shell("cat; echo oops >&2; exit 3"), {.input = "hello"});
  ASSERT_TRUE(captured.ok()) << captured.error().message;
  EXPECT_EQ(captured->out, "hello");
  EXPECT_EQ(captured->err, "oops\n");
  EXPECT_EQ(captured->status.code, 3);
  EXPECT_EQ(captured->status.text(), "exit code 3");
}

TEST(Process, LargeInputAndOutputDoNotBlockEachOther) {
  const std::string input(3 << 20, 'x');
  const auto captured = run_and_capture(shell("cat"), {.input = input});
  ASSERT_TRUE(captured.ok()) << captured.error().message;
  EXPECT_EQ(captured->out.size(), input.size());
}

TEST(Process, AChildThatIgnoresItsInputDoesNotEndTheProgram) {
  const auto captured = run_and_capture(shell("exec 0<&-; sleep 0.05; echo done"), {.input = std::string(1 << 20, 'x')});
  ASSERT_TRUE(captured.ok()) << captured.error().message;
  EXPECT_EQ(captured->out, "done\n");
}

TEST(Process, OutputBeyondTheLimitIsDropped) {
  const auto captured = run_and_capture(shell("head -c 100000 /dev/zero"), {.max_bytes = 1000});
  ASSERT_TRUE(captured.ok());
  EXPECT_EQ(captured->out.size(), 1000u);
}

TEST(Process, DeadlineKillsTheWholeGroup) {
  const auto before = real_clock().now();
  const auto captured = run_and_capture(shell("sleep 60 & sleep 60"), {.limit = 100ms});
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::deadline_exceeded);
  EXPECT_LT(real_clock().now() - before, 10s);
}

TEST(Process, MissingProgramIsNamedWithTheRemedy) {
  const auto missing = run_checked({"plumb-no-such-program"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_NE(missing.error().message.find("plumb-no-such-program"), std::string::npos);
  EXPECT_NE(missing.error().message.find("install"), std::string::npos);
  EXPECT_EQ(run_checked({"/no/such/program"}).error().code, Code::not_found);
}

TEST(Process, FailureCarriesStderr) {
  const auto failed = run_checked({"sh", "-c", "echo because >&2; exit 1"});
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find("because"), std::string::npos);
}

TEST(Process, EnvironmentAndFolder) {
  ProcessSpec spec = shell("echo $ONE $TWO $HOME; pwd");
  spec.env = std::map<std::string, std::string>{{"ONE", "1"}};
  spec.extra_env = {{"TWO", "2"}};
  spec.cwd = "/usr";
  const auto captured = run_and_capture(spec);
  ASSERT_TRUE(captured.ok());
  EXPECT_EQ(captured->out, "1 2\n/usr\n");
  spec.cwd = "/no/such/folder";
  EXPECT_FALSE(run_and_capture(spec).ok());
}

TEST(Process, OutputIsAppendedToAFile) {
  const std::string path = std::filesystem::temp_directory_path() / ("plumb_process_test." + std::to_string(getpid()));
  for (int n = 0; n < 2; n++) {
    ProcessSpec spec = shell("echo line");
    spec.out = Stdio::file(path);
    auto child = Child::spawn(spec);
    ASSERT_TRUE(child.ok());
    EXPECT_TRUE(child->wait()->ok());
  }
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, "line\nline\n");
  std::filesystem::remove(path);
}

TEST(Process, TerminateIsGentleFirstThenNot) {
  ProcessSpec gentle = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
  gentle.out = Stdio::pipe();
  gentle.new_group = true;
  auto child = Child::spawn(gentle);
  ASSERT_TRUE(child.ok());
  char buffer[16];
  ASSERT_GT(read(child->out(), buffer, sizeof buffer), 0);
  EXPECT_TRUE(child->running());
  EXPECT_EQ(child->terminate(5s).code, 7);
  EXPECT_FALSE(child->running());

  ProcessSpec deaf = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  deaf.out = Stdio::pipe();
  deaf.new_group = true;
  auto stubborn = Child::spawn(deaf);
  ASSERT_TRUE(stubborn.ok());
  ASSERT_GT(read(stubborn->out(), buffer, sizeof buffer), 0);
  EXPECT_EQ(stubborn->terminate(50ms).signal, SIGKILL);
}

TEST(Process, WaitForLeavesARunningChildAlone) {
  auto child = Child::spawn(shell("exec sleep 60"));
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(child->wait_for(20ms).error().code, Code::deadline_exceeded);
  const auto id = process_id(child->pid());
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(is_running(*id));
  { const Child moved = std::move(*child); }
  EXPECT_FALSE(is_running(*id));
}

TEST(Process, DiesWithTheThreadThatStartedIt) {
  ProcessSpec spec = shell("exec sleep 60");
  spec.die_with_parent = true;
  Result<Child> child = fail(Code::internal, "not started");
  std::thread([&] { child = Child::spawn(spec); }).join();
  ASSERT_TRUE(child.ok());
  const auto status = child->wait_for(10s);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->signal, SIGKILL);
}

TEST(Process, ChildStartsWithCleanSignalsAndDescriptors) {
  signal(SIGPIPE, SIG_IGN);
  const auto captured = run_and_capture(shell("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status; grep SigBlk /proc/self/status"));
  signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(captured.ok());
  EXPECT_EQ(captured->out, "4\nSigIgn:\t0000000000000000\nSigBlk:\t0000000000000000\n");
}

TEST(Process, PidFileNamesOneProcessForGood) {
  const std::string path = std::filesystem::temp_directory_path() / ("plumb_pid_file_test." + std::to_string(getpid()));
  auto child = Child::spawn(shell("exec sleep 60"));
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(write_pid_file(path, child->pid()).ok());
  const auto id = read_pid_file(path);
  ASSERT_TRUE(id.ok());
  const ProcessId other{id->pid, id->start_ticks + 1};
  EXPECT_FALSE(is_running(other));
  EXPECT_TRUE(kill_process(other).ok());
  EXPECT_TRUE(is_running(*id)) << "a process with another start time was killed";
  EXPECT_TRUE(kill_process(*id).ok());
  EXPECT_FALSE(is_running(*id));
  std::ofstream(path, std::ios::trunc) << "nonsense";
  EXPECT_EQ(read_pid_file(path).error().code, Code::invalid_argument);
  std::filesystem::remove(path);
  EXPECT_EQ(read_pid_file(path).error().code, Code::not_found);
}

}  // namespace
}  // namespace plumb
