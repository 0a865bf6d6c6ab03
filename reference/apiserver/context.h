// What travels with one request through registry and admission, whether it came over HTTP or from a component in this process.
#pragma once

#include <string>
#include <vector>

#include "reference/apiserver/user.h"

namespace plumb::apiserver {

enum class FieldValidation { ignore, warn, strict };

struct RequestContext {
  UserPtr user;
  bool dry_run = false;
  FieldValidation field_validation = FieldValidation::warn;
  std::string field_manager;
  std::string user_agent;
};

}  // namespace plumb::apiserver
