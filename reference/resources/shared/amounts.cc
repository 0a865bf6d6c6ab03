#include "reference/resources/shared/amounts.h"

namespace plumb::resources {

Amounts amounts_of(const api::Map<api::QuantityText>& texts) {
  Amounts amounts;
  for (const auto& [name, text] : texts)
    if (auto amount = api::Quantity::parse(text.text); amount.ok()) amounts.emplace(name.str(), *amount);
  return amounts;
}

api::Map<api::QuantityText> text_of(const Amounts& amounts) {
  api::Map<api::QuantityText> texts;
  for (const auto& [name, amount] : amounts) texts.set(name, api::QuantityText(amount.to_string()));
  return texts;
}

void add(Amounts& to, const Amounts& more) {
  for (const auto& [name, amount] : more)
    if (const auto [at, fresh] = to.emplace(name, amount); !fresh) at->second += amount;
}

void raise(Amounts& to, const Amounts& other) {
  for (const auto& [name, amount] : other)
    if (const auto [at, fresh] = to.emplace(name, amount); !fresh && amount > at->second) at->second = amount;
}

std::string listed(const Amounts& amounts) {
  std::string text;
  for (const auto& [name, amount] : amounts) text.append(text.empty() ? "" : ",").append(name).append("=").append(amount.to_string());
  return text;
}

}  // namespace plumb::resources
