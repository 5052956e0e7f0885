"""How the tests train a stage."""

import lightning

from beavervision.artifacts.bundle import Bundle, save_bundle


def fit(module, data, steps, checkpoint=None, callbacks=(), val_every=5):
    """Train to `steps` on the CPU, without files; returns the trainer."""
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_steps=steps,
        max_epochs=-1,
        val_check_interval=val_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=list(callbacks),
    )
    trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return trainer


def export(folder, module, data) -> Bundle:
    """Write the module's bundle as a run does."""
    contents = module.bundle_contents(data)
    return save_bundle(
        folder,
        module.stage,
        contents.weights,
        contents.hparams,
        contents.facts,
        assets=contents.assets,
        notes=contents.notes,
        metrics=contents.metrics,
    )


class SaveAt(lightning.Callback):
    """Writes a checkpoint after one step."""

    def __init__(self, step, path):
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)
