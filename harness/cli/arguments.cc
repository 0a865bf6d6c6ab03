#include "harness/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "harness/base/log.h"

namespace plumb::cli {

struct Arguments::App {
  CLI::App app;
  Globals& globals;
};

Arguments::Arguments(const std::string& command, const std::string& summary, Globals& globals)
    : app_(new App{CLI::App(summary, "plumb " + command), globals}) {
  CLI::App& app = app_->app;
  app.option_defaults()->always_capture_default();
  app.add_option("--kubeconfig", globals.kubeconfig, "the cluster's kubeconfig (default: $KUBECONFIG, then ~/.kube/config)")->group("Global");
  app.add_option("--context", globals.context, "the context in it (default: its current-context)")->group("Global");
  app.add_option("--log-level", globals.log_level, "what is logged to stderr")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->group("Global");
}
Arguments::~Arguments() = default;

Arguments& Arguments::option(const std::string& names, std::string& value, const std::string& help) {
  return app_->app.add_option(names, value, help), *this;
}
Arguments& Arguments::option(const std::string& names, int& value, const std::string& help) {
  return app_->app.add_option(names, value, help), *this;
}
Arguments& Arguments::option(const std::string& names, double& value, const std::string& help) {
  return app_->app.add_option(names, value, help), *this;
}
Arguments& Arguments::option(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return app_->app.add_option(names, values, help), *this;
}
Arguments& Arguments::choice(const std::string& names, std::string& value, const std::vector<std::string>& allowed, const std::string& help) {
  return app_->app.add_option(names, value, help)->check(CLI::IsMember(allowed)), *this;
}
Arguments& Arguments::flag(const std::string& names, bool& value, const std::string& help) {
  return app_->app.add_flag(names, value, help), *this;
}
Arguments& Arguments::positional(const std::string& name, std::string& value, const std::string& help, bool required) {
  return app_->app.add_option(name, value, help)->required(required), *this;
}
Arguments& Arguments::positionals(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  return app_->app.add_option(name, values, help), *this;
}

std::optional<int> Arguments::parse(const std::vector<std::string>& args) {
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::cout << app_->app.help();
    return exit_ok;
  } catch (const CLI::ParseError& problem) {
    std::cerr << app_->app.get_name() << ": " << problem.what() << "; see " << app_->app.get_name() << " --help\n";
    return exit_usage;
  }
  static const std::vector<std::string> levels{"debug", "info", "warning", "error", "off"};
  log::set_level(static_cast<log::Level>(std::find(levels.begin(), levels.end(), app_->globals.log_level) - levels.begin()));
  return std::nullopt;
}

}  // namespace plumb::cli
