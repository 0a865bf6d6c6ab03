// Declares what a command takes and reads it: options, flags, positionals, help. Values stand in the caller's variables, whose
// content before parse() is the default.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb {

class Arguments {
 public:
  // `command` as the user types it ("plumbd apiserver"). Takes --help and --log-level.
  Arguments(const std::string& command, const std::string& summary);
  ~Arguments();

  Arguments& option(const std::string& names, std::string& value, const std::string& help);
  Arguments& option(const std::string& names, int& value, const std::string& help);
  Arguments& option(const std::string& names, std::optional<int>& value, const std::string& help);  // nullopt: not given
  Arguments& option(const std::string& names, double& value, const std::string& help);
  Arguments& option(const std::string& names, std::vector<std::string>& values, const std::string& help);
  // The text is handed to `take`; what that refuses is a usage error. The help shows `otherwise` as the default.
  Arguments& taken_option(const std::string& names, std::function<Status(const std::string&)> take, const std::string& otherwise, const std::string& help);
  Arguments& choice(const std::string& names, std::string& value, const std::vector<std::string>& allowed, const std::string& help);
  // --name and --name=false.
  Arguments& flag(const std::string& names, bool& value, const std::string& help);
  Arguments& positional(const std::string& name, std::string& value, const std::string& help, bool required = false);
  Arguments& positionals(const std::string& name, std::vector<std::string>& values, const std::string& help);
  // Options declared from here on stand under this heading in the help.
  Arguments& group(const std::string& heading);

  static constexpr int exit_usage = 2;
  // nullopt: go on. Otherwise the command is done with that exit code: help was printed (0), or what is wrong was (exit_usage).
  std::optional<int> parse(const std::vector<std::string>& args);

 private:
  struct App;
  std::unique_ptr<App> app_;
};

}  // namespace plumb
