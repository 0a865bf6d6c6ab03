#include "reference/scheduler/preparation.h"

#include <algorithm>

#include "reference/informer/client.h"

namespace plumb::scheduler {

bool Preparations::begin(const Profile& profile, const PodInfoPtr& pod, const std::string& node, Instant now) {
  Preparation made;
  made.deadline = now;
  std::vector<informer::Request> writes;
  for (const auto& asked : profile.pre_bind) {
    auto requests = asked.plugin->pre_bind(*pod, node);
    if (!requests) continue;
    made.parts.push_back({&asked, writes.size(), requests->size()});
    made.deadline = std::max(made.deadline, now + asked.plugin->patience());
    for (auto& request : *requests) writes.push_back(std::move(request));
  }
  if (made.parts.empty()) return false;
  const std::string uid(pod->uid());
  made.pod = pod;
  made.node = node;
  made.outstanding = writes.size();
  made.written.resize(writes.size());
  all_.insert_or_assign(uid, std::move(made));
  look_again_ = true;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    client_.send(std::move(writes[i]), [inbox = inbox_, uid, i](Result<informer::ObjectPtr> answer) {
      Message message{.about = Message::About::preparation, .write = i, .uid = uid};
      if (answer.ok()) message.after = std::move(*answer);
      else message.answer = std::move(answer).error();
      inbox->put(std::move(message));
    });
  }
  return true;
}

void Preparations::told(const Message& answer) {
  const auto found = all_.find(answer.uid);
  if (found == all_.end()) return;
  Preparation& preparation = found->second;
  --preparation.outstanding;
  look_again_ = true;
  if (answer.answer.ok()) {
    preparation.written[answer.write] = answer.after;
  } else if (preparation.refused.empty()) {
    for (const Part& part : preparation.parts)
      if (answer.write >= part.first && answer.write < part.first + part.count) preparation.refused = failure(part, answer.answer.error().message);
  }
}

void Preparations::drop(std::string_view uid) {
  if (const auto found = all_.find(uid); found != all_.end()) all_.erase(found);
}

std::vector<Preparations::Ended> Preparations::ended(Instant now) {
  std::vector<Ended> ended;
  const auto next = deadline();
  if (!next || (!look_again_ && *next > now)) return ended;
  look_again_ = false;
  for (const auto& [uid, preparation] : all_)
    if (Progress progress = look(preparation, now); progress.is != Progress::Is::waiting) ended.push_back({uid, std::move(progress.why)});
  for (const Ended& one : ended) drop(one.uid);
  return ended;
}

std::optional<Instant> Preparations::deadline() const {
  std::optional<Instant> next;
  for (const auto& [uid, preparation] : all_)
    if (!next || preparation.deadline < *next) next = preparation.deadline;
  return next;
}

Progress Preparations::look(const Preparation& preparation, Instant now) {
  if (preparation.outstanding != 0) return {Progress::Is::waiting};
  if (!preparation.refused.empty()) return {Progress::Is::failed, preparation.refused};
  for (const Part& part : preparation.parts) {
    const auto written = std::span(preparation.written).subspan(part.first, part.count);
    const Progress progress = part.asked->plugin->progress(*preparation.pod, preparation.node, written);
    if (progress.is == Progress::Is::failed) return {Progress::Is::failed, failure(part, progress.why)};
    if (progress.is == Progress::Is::waiting)
      return now < preparation.deadline ? Progress{Progress::Is::waiting} : Progress{Progress::Is::failed, failure(part, "context deadline exceeded")};
  }
  return {};
}

std::string Preparations::failure(const Part& part, const std::string& why) {
  return "running PreBind plugin \"" + std::string(part.asked->traits.name) + "\": " + why;
}

}  // namespace plumb::scheduler
