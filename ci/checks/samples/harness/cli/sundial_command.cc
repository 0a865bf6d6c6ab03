#include "harness/cli/command.h"

namespace plumb::cli {
namespace {

class SundialCommand final : public Command {
 public:
  std::string summary() const override { return "tell the hour"; }
  int run(const std::vector<std::string>&, Globals) override { return exit_ok; }
};

const Registered<Command> registered{"sundial", [] { return std::make_unique<SundialCommand>(); }};

}  // namespace
}  // namespace plumb::cli
