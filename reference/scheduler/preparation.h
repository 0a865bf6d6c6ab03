// What lies between a decision and its binding: what the PreBind plugins have written, and that it takes effect.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "reference/api/object.h"
#include "reference/scheduler/inbox.h"
#include "reference/scheduler/pod_info.h"
#include "reference/scheduler/profile.h"

namespace plumb::scheduler {

// The preparations under way, by the pods' UIDs. Of the scheduling thread.
class Preparations {
 public:
  Preparations(informer::Client& client, std::shared_ptr<Inbox> inbox) : client_(client), inbox_(std::move(inbox)) {}

  // Sends the writes; the answers come through the inbox. False: there is nothing to prepare.
  bool begin(const Profile& profile, const PodInfoPtr& pod, const std::string& node, Instant now);
  void told(const Message& answer);
  // The pod is gone.
  void drop(std::string_view uid);
  // The caches have changed.
  void look_again() { look_again_ = true; }
  struct Ended {
    std::string uid, failure;  // "": it is done
  };
  std::vector<Ended> ended(Instant now);
  // When the next has taken too long.
  std::optional<Instant> deadline() const;

 private:
  struct Part {
    const Profile::Asked<PreBindPlugin>* asked;
    std::size_t first, count;  // of the writes
  };
  struct Preparation {
    PodInfoPtr pod;
    std::string node;
    std::vector<Part> parts;
    std::size_t outstanding = 0;
    std::vector<api::ObjectPtr> written;
    std::string refused;  // why, a write
    Instant deadline{};
  };
  static std::string failure(const Part& part, const std::string& why);
  static Progress look(const Preparation& preparation, Instant now);

  informer::Client& client_;
  const std::shared_ptr<Inbox> inbox_;
  StringMap<Preparation> all_;
  bool look_again_ = false;
};

}  // namespace plumb::scheduler
