// What travels with one request through registry and admission, whether it came over HTTP or from a component in this process.
#pragma once

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "reference/apiserver/user.h"

namespace plumb::apiserver {

enum class FieldValidation { ignore, warn, strict };

// What the answer says beside its result, in Warning headers; the same text only once. Safe from any thread.
class Warnings {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    if (std::find(texts_.begin(), texts_.end(), text) == texts_.end()) texts_.push_back(std::move(text));
  }
  std::vector<std::string> texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

struct RequestContext {
  UserPtr user;
  bool dry_run = false;
  FieldValidation field_validation = FieldValidation::warn;
  std::string field_manager;
  std::string user_agent;
  std::shared_ptr<Warnings> warnings;  // nullptr: nobody would read them

  void warn(std::string text) const {
    if (warnings) warnings->add(std::move(text));
  }
};

}  // namespace plumb::apiserver
