// Run an exported model on the sound of a drum, by the C++ interface of onnxruntime:
//
//     c++ -std=c++17 hear.cpp -I $ONNXRUNTIME/include -L $ONNXRUNTIME/lib -lonnxruntime -o hear
//     ./hear any-drum.onnx drum.wav
//
// ONNXRUNTIME: a release of https://github.com/microsoft/onnxruntime. The wav is in PCM, 16 to 32
// bits.

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

struct Sound {
    std::vector<float> samples;  // -1 ... 1, of the first channel
    std::uint32_t sample_rate = 0;
};

std::uint32_t number(const std::vector<char>& bytes, std::size_t at, std::size_t size) {
    if (at + size > bytes.size()) throw std::runtime_error("the wav breaks off");
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    }
    return value;
}

Sound read_wav(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
    Sound sound;
    std::size_t channels = 0, width = 0;
    const bool is_wav = bytes.size() > 12 && std::string(&bytes[8], 4) == "WAVE";
    for (std::size_t at = 12; is_wav && at + 8 <= bytes.size();) {
        const std::size_t begin = at + 8, size = number(bytes, at + 4, 4);
        const std::string chunk(&bytes[at], 4);
        if (chunk == "fmt ") {
            channels = number(bytes, begin + 2, 2);
            sound.sample_rate = number(bytes, begin + 4, 4);
            width = number(bytes, begin + 14, 2) / 8;
            const auto format = number(bytes, begin, 2);  // 0xFFFE: it stands farther behind
            const auto kind = format == 0xFFFE ? number(bytes, begin + 24, 2) : format;
            if (kind != 1 || channels == 0 || width < 2 || width > 4) break;
        } else if (chunk == "data" && channels > 0) {
            const std::size_t end = std::min(bytes.size(), begin + size), step = channels * width;
            for (std::size_t frame = begin; frame + step <= end; frame += step) {
                // The sign is the highest of 32 bits.
                const auto bits = number(bytes, frame, width) << (8 * (4 - width));
                const double sample = static_cast<std::int32_t>(bits);
                sound.samples.push_back(static_cast<float>(sample / 2147483648.0));
            }
        }
        at = begin + size + size % 2;
    }
    if (sound.samples.empty()) throw std::runtime_error(path + " is no wav in PCM, 16 to 32 bits");
    return sound;
}

// Return so many samples from 1 ms before the first above a tenth of the peak on.
std::vector<float> from_strike(const Sound& sound, std::size_t length) {
    float peak = 0.0F;
    for (const float sample : sound.samples) peak = std::max(peak, std::abs(sample));
    if (peak == 0.0F) throw std::runtime_error("the wav is silent");
    auto first = sound.samples.begin();
    while (std::abs(*first) < peak / 10) ++first;
    first -= std::min<std::ptrdiff_t>(first - sound.samples.begin(), sound.sample_rate / 1000);
    std::vector<float> heard(first, sound.samples.end());
    heard.resize(length, 0.0F);  // silence after a sound that ends earlier
    return heard;
}

int main(int count, char** arguments) try {
    if (count != 3) throw std::runtime_error("usage: hear MODEL.onnx SOUND.wav");
    Ort::Env environment(ORT_LOGGING_LEVEL_WARNING, "hear");
    Ort::Session session(environment, arguments[1], Ort::SessionOptions{});
    Ort::AllocatorWithDefaultOptions allocator;
    const auto metadata = session.GetModelMetadata();
    const auto stored = [&](const char* key) {
        const auto text = metadata.LookupCustomMetadataMapAllocated(key, allocator);
        if (text == nullptr) throw std::runtime_error(std::string("the model lacks ") + key);
        return std::stoul(text.get());
    };
    const auto sound = read_wav(arguments[2]);
    if (sound.sample_rate != stored("sample_rate")) {
        throw std::runtime_error("the model hears sounds at another rate: resample the wav");
    }
    auto heard = from_strike(sound, stored("length"));

    auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const std::int64_t shape[] = {1, static_cast<std::int64_t>(heard.size())};
    const auto input =
        Ort::Value::CreateTensor<float>(memory, heard.data(), heard.size(), shape, 2);
    std::vector<Ort::AllocatedStringPtr> kept;  // the names of input and outputs
    kept.push_back(session.GetInputNameAllocated(0, allocator));
    std::vector<const char*> names{kept[0].get()};
    for (std::size_t i = 0; i < session.GetOutputCount(); ++i) {
        kept.push_back(session.GetOutputNameAllocated(i, allocator));
        names.push_back(kept.back().get());
    }
    const auto outputs =
        session.Run(Ort::RunOptions{nullptr}, &names[0], &input, 1, &names[1], names.size() - 1);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        std::cout << names[i + 1];
        const auto* values = outputs[i].GetTensorData<float>();
        const auto size = outputs[i].GetTensorTypeAndShapeInfo().GetElementCount();
        for (std::size_t k = 0; k < size; ++k) std::cout << ' ' << values[k];
        std::cout << '\n';
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
