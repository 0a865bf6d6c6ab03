// plumb up, status, down: the reference orchestrator is a program of its own; these run it.
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "harness/cli/command.h"

namespace plumb::cli {
namespace {

// Beside this program, else in PATH.
std::string plumbd() {
  std::error_code error;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "plumbd";
  return !error && std::filesystem::exists(beside, error) ? beside.string() : "plumbd";
}

class ClusterCommand final : public Command {
 public:
  ClusterCommand(std::string role, std::string summary) : role_(std::move(role)), summary_(std::move(summary)) {}
  std::string summary() const override { return summary_; }
  int run(const std::vector<std::string>& args, Globals) override {
    const std::string program = plumbd();
    std::vector<char*> argv = {const_cast<char*>(program.c_str()), const_cast<char*>(role_.c_str())};
    for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    execvp(program.c_str(), argv.data());
    std::fprintf(stderr, "plumb %s: the program plumbd is neither beside plumb nor in PATH; install or build it with plumb\n", role_.c_str());
    return exit_unavailable;
  }

 private:
  std::string role_, summary_;
};

const Registered<Command> up{"up", [] { return std::make_unique<ClusterCommand>("up", "bring up a cluster of our own on this machine"); }};
const Registered<Command> status{"status", [] { return std::make_unique<ClusterCommand>("status", "say what of that cluster runs"); }};
const Registered<Command> down{"down", [] { return std::make_unique<ClusterCommand>("down", "take it down and remove it"); }};

}  // namespace
}  // namespace plumb::cli
